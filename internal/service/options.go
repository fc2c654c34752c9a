package service

import (
	"context"

	"github.com/rs/zerolog"
)

// Engine is the running service of the process.
type Engine interface {
	// Drain accepts no new clients, and returns when the others have their answers and are gone,
	// or when its time is over.
	Drain()
	Close()            // stops everything and waits for it
	Err() <-chan error // receives an error if the engine cannot continue; may be closed when it has ended well
	// Warnings are those of the start. They are in the log already; a daemon also passes them to
	// whoever has started it.
	Warnings() []string
}

// Options describe a process.
type Options struct {
	Program  string // its name in messages
	Log      LogOptions
	Levels   bool   // SIGTTIN and SIGTTOU change the log level, as in twemproxy
	User     string // taken on after Start; name or number
	Group    string
	Root     string // the remedy for running as root; empty: no warning
	PidFile  string
	PidFlag  string   // the flag that names PidFile, for errors; empty: --pid-file
	Sockets  []string // unix sockets that Start creates; they are transferred to User
	Threads  int      // number of event loops
	Clients  int      // wanted number of clients; 0: as many as possible
	Servers  int      // number of connections to servers
	Spare    Spare    // connections that are made when clients need them
	Warnings []string // logged once at the start
	Ends     string   // what SIGTERM begins, for the log; empty: draining

	// Start binds the ports and starts the engine. clients is what the limit of open files allows, and at most
	// Clients if that is not 0. given belongs to the engine, also after an error.
	Start func(log zerolog.Logger, clients int, given Given) (Engine, error)
	// Reload applies a new configuration; nil: there can be none. It is called on SIGUSR1, and when the file Watch
	// has changed, unless that is empty. An error means that nothing has changed.
	Reload func(log zerolog.Logger) error
	Watch  string
	// Tasks are done between signals. Each gets a function that does what SIGUSR1 does, and returns why nothing has
	// changed. nil: there are none.
	Tasks <-chan func(reload func() error)

	// Renew reads again what the engine keeps of other files, such as passwords, and binds anew the unix sockets
	// whose files are gone; nil: there is nothing. It is called on SIGHUP, and on SIGUSR1 if there is no Reload, which
	// has to do the same. An error means that nothing has changed; ErrNoFile says that there was nothing to do.
	Renew func(log zerolog.Logger) error

	// Hung asks all event loops for a sign of life, and returns those that have given none when the context is done.
	// nil: the loops are not watched.
	Hung func(context.Context) []int
	// HandOver makes the engine stop its work in favour of another process, which has its Listeners, on SIGUSR2.
	// Drain and Close follow. An error means that the engine continues. nil: SIGUSR2 does nothing.
	HandOver  func() error
	Listeners func() []Socket

	// Started is called when the process serves. It logs the listeners, and returns a short summary.
	Started func(log zerolog.Logger) string
}

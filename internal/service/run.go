package service

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
)

// Engine is what the process is there for, running.
type Engine interface {
	Drain()             // no new clients; returns when those that are there got their answers and are gone, or its time is over
	Close()             // ends everything that runs and waits for it
	Err() <-chan error  // says when the engine can no longer work; may be closed when it has ended well
	Warnings() []string // of the start: they are in the log, and a daemon says them to whoever has started it
}

// Options describe a process.
type Options struct {
	Program  string // name in messages
	Log      LogOptions
	Levels   bool   // SIGTTIN and SIGTTOU change the level of the log, as in twemproxy
	User     string // taken after Start; name or number
	Group    string
	Root     string // what to do about running as root; empty: nothing
	PidFile  string
	PidFlag  string   // that names PidFile, in errors; empty: --pid-file
	Sockets  []string // unix sockets that Start makes: they go to User
	Threads  int      // event loops
	Clients  int      // clients at a time, as wanted; 0: as many as may be
	Servers  int      // connections to servers
	Warnings []string // said once at start

	// Start binds the ports and runs. clients is what the limit of open files allows, at most Clients if that is not 0. What
	// is given is the engine's, also when it returns an error.
	Start func(log zerolog.Logger, clients int, given Given) (Engine, error)
	// Reload takes a new configuration, if there is one to be had; nil: there is none. It is called on SIGUSR1, and when Watch,
	// a file, has changed; empty: only then. An error means that nothing has changed.
	Reload func(log zerolog.Logger) error
	Watch  string

	// Hung asks all event loops for a sign of life, and returns those that have given none when the context is done. nil: nobody
	// watches them.
	Hung func(context.Context) []int
	// HandOver has the engine give up in favour of another process, which has its Listeners: on SIGUSR2. Drain and Close
	// follow. An error means that it goes on. nil: SIGUSR2 does nothing.
	HandOver  func() error
	Listeners func() []Socket

	// Started is called when all is well, to log who serves where, and to say it in a few words.
	Started func(log zerolog.Logger) string
}

// Run runs one process from its options to its exit code. An error means that it did not get as far as serving;
// whatever happens later is in the log.
func Run(o Options) (exit int, err error) {
	path := programPath()
	from, sockets := inherit()
	credentials, err := LookupCredentials(o.User, o.Group)
	if err != nil {
		return 1, err
	}
	log, err := OpenLog(o.Log)
	if err != nil {
		return 1, err
	}
	defer log.Close()
	signals := watchSignals(o.Levels)
	defer signal.Stop(signals)

	var pid *pidFile
	defer func() { pid.remove() }()
	given := Given{Sockets: sockets, Give: credentials.giver(), Files: ownFiles(o)}
	claim := func() error {
		pid, err = createPidFile(o.PidFile, cmp.Or(o.PidFlag, "--pid-file"))
		return err
	}
	if from != nil {
		given.TakeOver = func() error {
			if err := from.takeOver(); err != nil {
				return err
			}
			return claim()
		}
	} else if err := claim(); err != nil {
		return 1, err
	}
	needLoopThreads(o.Threads)
	clients, warning := fitFiles(processLimit{}, o.Clients, o.Servers)
	upgrader := newUpgrader(o, path)
	engine, err := o.Start(log.Logger, clients, given)
	if err != nil {
		return 1, err
	}
	warnings := slices.Clone(o.Warnings)
	if credentials.StaysRoot() && o.Root != "" {
		warnings = append(warnings, "running as root: "+o.Root)
	}
	if warning != "" {
		warnings = append(warnings, warning)
	}
	told, err := giveAll(credentials, pid, log, o.Sockets, foreignPaths(sockets))
	warnings = append(warnings, told...)
	if err == nil {
		err = settle(o, credentials, slices.Concat(warnings, engine.Warnings()))
	}
	if err != nil {
		engine.Close()
		return 1, err
	}
	for _, text := range warnings {
		log.Warn().Msg(text)
	}
	notify(daemon.SdNotifyReady, status("%s", o.Started(log.Logger)))
	from.serves()
	r := newReloader(o)
	defer r.stop()
	defer startWatchdog(o.Hung, log).stop()
	upgrader.serves(pid)
	return serve(engine, log, signals, r, upgrader), nil
}

// ownFiles are the paths of what the process has for itself.
func ownFiles(o Options) (paths []string) {
	for _, path := range append([]string{o.PidFile, o.Log.File}, o.Sockets...) {
		if absolute, err := filepath.Abs(path); path != "" && err == nil {
			paths = append(paths, absolute)
		}
	}
	return paths
}

// settle does what comes between listening and serving: it gives root's rights up, and sends word to the parent of a
// daemon, which passes the warnings on to whoever started it.
func settle(o Options, credentials *Credentials, warnings []string) error {
	if err := credentials.Drop(); err != nil || !IsDaemon() {
		return err
	}
	for _, text := range warnings {
		fmt.Fprintf(os.Stderr, "%s: warning: %s\n", o.Program, text)
	}
	if err := os.Chdir("/"); err != nil { // a daemon must not keep a file system busy
		return err
	}
	return detach()
}

// needLoopThreads lets the runtime run one thread more than there are loops. A loop sits on its own thread and waits
// in system calls that the runtime does not see as waiting (RawSyscall), so it keeps its share of GOMAXPROCS busy;
// with none left, the log, the prober and the signals would wait for the runtime to take it back by force.
func needLoopThreads(loops int) {
	if runtime.GOMAXPROCS(0) <= loops {
		runtime.GOMAXPROCS(loops + 1)
	}
}

// watchSignals is called before anything is bound, so that no signal finds the process half made. A client or a log reader
// that goes away must not kill the process: SIGPIPE is ignored.
//
// SIGTTIN and SIGTTOU are caught for twemproxy's sake only: else they stop a process in the background that uses the terminal.
func watchSignals(levels bool) chan os.Signal {
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)
	if levels {
		signal.Notify(signals, syscall.SIGTTIN, syscall.SIGTTOU)
	}
	return signals
}

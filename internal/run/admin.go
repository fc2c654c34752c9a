package run

import (
	"context"
	"fmt"
	"log"
	"os"
	"slices"

	"github.com/rs/zerolog"

	"magent/internal/admin"
	"magent/internal/control"
	"magent/internal/service"
	"magent/internal/status"
)

// Admin configures the addresses for monitoring.
type Admin struct {
	Addrs    []string // host:port, or the path of a unix socket
	Name     string   // the field of the log with the addresses
	Flag     string   // the beginning of an error message about the addresses
	Socket   string   // the path of the unix socket that takes commands as well; empty: none
	Token    string   // the file with what is asked for at addresses of TCP; empty: nothing
	Profiles bool     // serve /debug/pprof
	Remedy   string   // the end of such a message
	// Twemproxy means that / and connections which send nothing get the JSON of twemproxy's stats port. The status
	// page then has another path.
	Twemproxy bool
}

// watch holds the servers for monitoring. The zero value has none.
type watch struct {
	pages   []*admin.Server // one per address, with separate limits: a flood at one does not affect the others
	sockets []*adminSocket
	sampler *status.Sampler
	token   *admin.Token // nil: none
}

// bind binds all addresses, except those of given sockets. No connection is answered yet.
func (a Admin) bind(given []service.Socket) (w watch, err error) {
	if a.Token != "" {
		if w.token, err = admin.NewToken(a.Token); err != nil {
			return watch{}, fmt.Errorf("--admin-token-file: %w", err)
		}
	}
	for _, address := range a.all() {
		s, err := bindAdmin(address, given, a.modeOf(address))
		if err != nil {
			w.close()
			return watch{}, fmt.Errorf("%s: cannot listen on %s: %w: %s", a.flagOf(address), address, err, a.Remedy)
		}
		w.sockets = append(w.sockets, s)
	}
	return w, nil
}

// all returns the addresses, and the path of the socket that takes commands.
func (a Admin) all() []string {
	if a.Socket == "" {
		return a.Addrs
	}
	return append(slices.Clone(a.Addrs), a.Socket)
}

// flagOf returns the flag that has named an address.
func (a Admin) flagOf(address string) string {
	if address == a.Socket {
		return "--admin-socket"
	}
	return a.Flag
}

func (a Admin) modeOf(address string) os.FileMode {
	if address == a.Socket {
		return controlSocketMode
	}
	return adminSocketMode
}

// open starts to answer the connections to the sockets of w, with the figures of e. bare is for Twemproxy. commands
// are carried out in tasks. After an error w must be closed.
func (a Admin) open(w *watch, e status.Engine, bare func(context.Context) ([]byte, error), commands control.Engine,
	tasks chan<- control.Task, text zerolog.Logger,
) error {
	if len(w.sockets) == 0 {
		return nil
	}
	errors := log.New(text, "", 0)
	w.sampler = status.NewSampler(e)
	pages := status.Options{Profiles: a.Profiles, Log: errors}
	o := admin.Options{Log: errors}
	if a.Twemproxy {
		pages.Bare, o.Silent = bare, bare
	}
	o.Handler = status.Pages(w.sampler, pages)
	for _, s := range w.sockets {
		ln, err := s.listener()
		if err != nil {
			return fmt.Errorf("%s: cannot listen on %s: %w: %s", a.flagOf(s.address), s.address, err, a.Remedy)
		}
		o.Listener, o.Commands, o.Token = ln, nil, nil
		switch {
		case s.address == a.Socket:
			o.Commands = control.Handler(commands, tasks)
		case !isPath(s.address): // the permissions of its file guard a unix socket
			o.Token = w.token
		}
		pages, err := admin.Listen(o)
		if err != nil {
			return err
		}
		w.pages = append(w.pages, pages)
	}
	return nil
}

// addrs returns the addresses, with the ports that the kernel chose in place of 0.
func (w watch) addrs() (out []string) {
	for _, p := range w.pages {
		out = append(out, p.Addr())
	}
	return out
}

// given returns the sockets that the new process gets in an upgrade.
func (w watch) given() (out []service.Socket) {
	for _, s := range w.sockets {
		if s.FD >= 0 {
			out = append(out, s.Socket)
		}
	}
	return out
}

// leave closes w but keeps the files of unix sockets, because another process uses the sockets now.
func (w watch) leave() {
	for _, s := range w.sockets {
		s.leave()
	}
	w.close()
}

func (w watch) close() {
	for _, p := range w.pages {
		p.Close()
	}
	for _, s := range w.sockets {
		s.close()
	}
	if w.sampler != nil {
		w.sampler.Close()
	}
}

// paths returns the addresses that are paths of unix sockets.
func (a Admin) paths() []string {
	return slices.DeleteFunc(slices.Clone(a.all()), func(address string) bool { return !isPath(address) })
}

// claim divides the sockets that the process got at its start into those for monitoring and the rest.
func (a Admin) claim(sockets []service.Socket) (own, rest []service.Socket) {
	for _, s := range sockets {
		if slices.ContainsFunc(a.all(), func(address string) bool { return isBoundTo(s, address) }) {
			own = append(own, s)
		} else {
			rest = append(rest, s)
		}
	}
	return own, rest
}

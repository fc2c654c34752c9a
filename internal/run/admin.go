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
	"magent/internal/proxy"
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
	left    []*admin.Server // whose sockets no client finds any more
	serve   func(*adminSocket) (*admin.Server, error)
	again   func(address string) (*adminSocket, error) // binds it
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
		s, err := a.bindOne(address, given)
		if err != nil {
			w.close()
			return watch{}, err
		}
		w.sockets = append(w.sockets, s)
	}
	w.again = func(address string) (*adminSocket, error) { return a.bindOne(address, nil) }
	return w, nil
}

func (a Admin) bindOne(address string, given []service.Socket) (*adminSocket, error) {
	s, err := bindAdmin(address, given, a.modeOf(address))
	return s, a.cannot(address, err)
}

// cannot returns the error for an address that cannot be listened on because of err.
func (a Admin) cannot(address string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: cannot listen on %s: %w: %s", a.flagOf(address), address, err, a.Remedy)
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
	token := w.token
	w.serve = func(s *adminSocket) (*admin.Server, error) {
		ln, err := s.listener()
		if err != nil {
			return nil, a.cannot(s.address, err)
		}
		o := o
		o.Listener = ln
		switch {
		case s.address == a.Socket:
			o.Commands = control.Handler(commands, tasks)
		case !isPath(s.address): // the permissions of its file guard a unix socket
			o.Token = token
		}
		return admin.Listen(o)
	}
	for _, s := range w.sockets {
		pages, err := w.serve(s)
		if err != nil {
			return err
		}
		w.pages = append(w.pages, pages)
	}
	return nil
}

// relisten binds anew the unix sockets whose files are gone. It returns how many those are.
func (w *watch) relisten() (bound int, err error) {
	for i, s := range w.sockets {
		if !s.file.Lost() {
			continue
		}
		if s.Foreign {
			return bound, &proxy.ListenError{Address: s.address, Err: service.ErrForeignGone}
		}
		again, err := w.again(s.address)
		if err != nil {
			return bound, err
		}
		pages, err := w.serve(again)
		if err != nil {
			again.close()
			return bound, err
		}
		w.pages[i].Leave()
		s.close()
		w.left = append(w.left, w.pages[i])
		w.pages[i], w.sockets[i] = pages, again
		bound++
	}
	return bound, nil
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
	for _, p := range slices.Concat(w.pages, w.left) {
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

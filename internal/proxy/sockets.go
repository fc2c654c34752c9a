package proxy

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/loop"
)

// claim returns the given socket that listens on e; its FD is -1 if there is none. Port 0 matches any port.
func (svc *Service) claim(e loop.Endpoint, o loop.ListenOptions) (Socket, error) {
	at := slices.IndexFunc(svc.given, func(s Socket) bool {
		bound, err := loop.LocalEndpoint(s.FD)
		return err == nil && sameEndpoint(bound, e)
	})
	if at < 0 {
		return Socket{FD: -1}, nil
	}
	s := svc.given[at]
	if err := loop.Adopt(s.FD, o); err != nil {
		return s, fmt.Errorf("the socket that was given: %w", err)
	}
	svc.given = slices.Delete(slices.Clone(svc.given), at, at+1)
	return s, nil
}

// sameEndpoint reports whether a socket that is bound to one endpoint serves where another is wanted.
func sameEndpoint(bound, wanted loop.Endpoint) bool {
	if wanted.Path != "" {
		return bound.Path != "" && filepath.Clean(bound.Path) == filepath.Clean(wanted.Path)
	}
	a, b := bound.Addr, wanted.Addr
	return bound.Path == "" && a.Addr().Unmap() == b.Addr().Unmap().WithZone("") &&
		(a.Port() == b.Port() || b.Port() == 0)
}

// takeOver makes an earlier process give up, if there is one. If there is none, the given sockets are for this
// process: one that no pool listens on is a mistake, because clients would wait there for ever.
func (svc *Service) takeOver(yield func() error) error {
	if yield == nil {
		if len(svc.given) > 0 {
			return svc.unclaimed()
		}
	} else if err := svc.claimState(); err != nil { // while that process serves
		return err
	} else if err := yield(); err != nil {
		return err
	}
	svc.dropGiven() // the configuration is another one than that of the process before
	for _, ln := range svc.listeners {
		ln.given = false
	}
	svc.shared.Started = time.Now()
	return nil
}

// unclaimed names the sockets that no pool listens on.
func (svc *Service) unclaimed() error {
	var sockets, wanted []string
	for _, s := range svc.given {
		name := fmt.Sprintf("descriptor %d", s.FD)
		if bound, err := loop.LocalEndpoint(s.FD); err == nil && bound != (loop.Endpoint{}) {
			name = bound.String()
		}
		sockets = append(sockets, name)
	}
	for i := range svc.cfg.Pools {
		for _, l := range svc.cfg.Pools[i].Listen {
			wanted = append(wanted, l.Address)
		}
	}
	return fmt.Errorf("no pool listens on the socket %s that this process was given (LISTEN_FDS): the pools listen "+
		"on %s: write the same address into ListenStream= of the .socket unit", strings.Join(sockets, ", "),
		strings.Join(wanted, ", "))
}

// dropGiven closes the given sockets that no pool has claimed.
func (svc *Service) dropGiven() {
	closeSockets(svc.given)
	svc.given = nil
}

func closeSockets(sockets []Socket) {
	for _, s := range sockets {
		unix.Close(s.FD)
	}
}

// Sockets returns the sockets that the service listens on. They remain the service's own.
func (svc *Service) Sockets() []Socket {
	var out []Socket
	for _, ln := range slices.Concat(svc.listeners, svc.bound) {
		out = append(out, Socket{FD: ln.fd, Foreign: ln.foreign})
	}
	return out
}

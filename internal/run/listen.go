package run

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"magent/internal/config"
	"magent/internal/proxy"
	"magent/internal/service"
)

// Resolve replaces the host names of listeners by their addresses. Each address occurs only once in a pool.
func Resolve(pools []config.Pool) error {
	for i := range pools {
		var err error
		if pools[i].Listen, err = resolved(pools[i].Listen); err != nil {
			return err
		}
	}
	return nil
}

func resolved(listeners []config.Listen) ([]config.Listen, error) {
	var out []config.Listen
	seen := map[string]bool{}
	for _, l := range listeners {
		addresses := []string{l.Address}
		if l.Network == "tcp" {
			var err error
			if addresses, err = service.ResolveListen(l.Address); err != nil {
				return nil, err
			}
		}
		for _, address := range addresses {
			if seen[address] && !strings.HasSuffix(address, ":0") {
				continue
			}
			seen[address] = true
			l.Address = address
			out = append(out, l)
		}
	}
	return out, nil
}

// SocketPlace returns an error if no socket can be created at path: there is a file that is not a socket, or the
// folder is missing.
func SocketPlace(path string) error {
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("%q is there already and no socket: choose another path", path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("%q: there is no folder %s: make it, or choose another path", path, filepath.Dir(path))
	}
	return nil
}

// SocketPlaces checks the paths of all unix sockets with SocketPlace.
func SocketPlaces(pools []config.Pool) error {
	for _, path := range sockets(pools) {
		if err := SocketPlace(path); err != nil {
			return err
		}
	}
	return nil
}

// sockets returns the paths of the unix sockets on which pools listen.
func sockets(pools []config.Pool) []string {
	var paths []string
	for i := range pools {
		for _, l := range pools[i].Listen {
			if l.Network == "unix" {
				paths = append(paths, l.Address)
			}
		}
	}
	return paths
}

// Remedies are the ends of error messages: what to do if an address cannot be bound, in terms of the command line.
type Remedies struct {
	InUse   string // another program listens there
	Foreign string // this machine does not have the address
	Denied  string // permission is denied
}

// port adds to an error of the engine what to do about it.
func (r Remedies) port(err error) error {
	var dns *net.DNSError
	var at *proxy.ListenError
	remedy := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE) && errors.As(err, &at) && isPath(at.Address):
		remedy = "another program listens there: stop it, or choose another path"
	case errors.Is(err, syscall.EADDRINUSE):
		remedy = "another program listens there: stop it, or " + r.InUse
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		remedy = "this machine has no such address: " + r.Foreign
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		remedy = r.Denied
	case errors.As(err, &dns):
		remedy = "check the name, or give an IP address"
	default:
		return err
	}
	return fmt.Errorf("%w: %s", err, remedy)
}

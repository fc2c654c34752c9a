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
	"magent/internal/service"
)

// Resolve turns the host names of listeners into the addresses that are bound, each once in a pool.
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

// SocketPlace refuses a path where something other than an old socket lies: the socket takes its place.
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

// SocketPlaces looks at the places of all unix sockets.
func SocketPlaces(pools []config.Pool) error {
	for _, path := range sockets(pools) {
		if err := SocketPlace(path); err != nil {
			return err
		}
	}
	return nil
}

// sockets are the paths that pools listen on.
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

// Remedies say what to do, in the words of a command line, about an address that cannot be listened on.
type Remedies struct {
	InUse   string // another program listens there
	Foreign string // it belongs to another machine
	Denied  string // the rights are missing
	Admin   string // the port where the process is watched cannot be had
}

// port adds to an error of the engine what to do about it.
func (r Remedies) port(err error) error {
	var dns *net.DNSError
	remedy := ""
	switch {
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

package run

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"magent/internal/config"
	"magent/internal/service"
)

// Resolve turns the host names of a pool's listeners into the addresses that are bound, each once.
func Resolve(pool *config.Pool) error {
	var listeners []config.Listen
	seen := map[string]bool{}
	for _, l := range pool.Listen {
		addresses := []string{l.Address}
		if l.Network == "tcp" {
			var err error
			if addresses, err = service.ResolveListen(l.Address); err != nil {
				return err
			}
		}
		for _, address := range addresses {
			if seen[address] && !strings.HasSuffix(address, ":0") {
				continue
			}
			seen[address] = true
			l.Address = address
			listeners = append(listeners, l)
		}
	}
	pool.Listen = listeners
	return nil
}

// Remedies say what to do, in the words of a command line, about an address that cannot be listened on.
type Remedies struct {
	InUse   string // another program listens there
	Foreign string // it belongs to another machine
	Denied  string // the rights are missing
	Stats   string // the stats port cannot be had
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

// stats adds to an error of the stats port what to do about it.
func (r Remedies) stats(err error) error {
	return fmt.Errorf("stats port: %w: %s", err, r.Stats)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
	"time"

	"magent/internal/config"
	"magent/internal/control"
	"magent/internal/maintenance"
	"magent/internal/verify"
)

// A repair takes the primaries' copies for right. So magent verify asks first whether a running magent has all servers
// in use and nothing left to copy: at the socket that takes commands, or else as a client.

// settled is which magent is asked, and about which servers.
type settled struct {
	sockets            []string // of --admin-socket, or of the only service on this machine
	proxies            []string // where clients connect to: HOST:PORT or /PATH
	named              bool     // by a flag, so that it has to be the right one
	timeout            time.Duration
	primaries, backups []string
}

// readSettled returns which magent is asked before a repair of a pool.
func readSettled(r *reader, pool *config.Pool) settled {
	s := settled{timeout: pool.Timeout}
	s.primaries, s.backups = config.Texts(pool.Servers), config.Texts(pool.Backups)
	_, typed := r.typed[flagAdminSocket]
	if text := r.text(flagProxy); text != "" && !typed {
		address, err := proxyAddress(text)
		r.fail(flagProxy, err)
		s.proxies, s.named = []string{address}, true
		return s
	}
	s.named = r.given(flagAdminSocket)
	if socket := readControlSocket(r); socket != "" {
		s.sockets = []string{socket}
	}
	for _, l := range pool.Listen {
		if !s.named && !l.TLS {
			s.proxies = append(s.proxies, l.Address)
		}
	}
	return s
}

// ask asks the first magent that is there. known is false if none is, or none has these servers. An error is the
// reason not to repair.
func (s *settled) ask(ctx context.Context) (known bool, err error) {
	for _, at := range s.sockets {
		pool, err := control.Settled(ctx, at, s.primaries, s.backups)
		if known, err := s.judge(at, pool, err); known || err != nil {
			return known, err
		}
	}
	for _, at := range s.proxies {
		groups, err := verify.Running(ctx, verify.Server{Name: at, Dial: dialer(at, s.timeout)}, s.timeout)
		pool := ""
		if err == nil {
			pool, err = maintenance.Settled(groups, s.primaries, s.backups)
		}
		if known, err := s.judge(at, pool, err); known || err != nil {
			return known, err
		}
	}
	return false, nil
}

// judge returns what an answer means: the name of the pool that has the servers, or an error.
func (s *settled) judge(at, pool string, err error) (known bool, why error) {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return true, fmt.Errorf("the magent at %s: %w", at, err)
	case pool == "" && s.named:
		return true, fmt.Errorf("the magent at %s has none of these servers: name the one that has them", at)
	}
	return pool != "", nil
}

func dialer(address string, timeout time.Duration) func(context.Context) (net.Conn, error) {
	network := "tcp"
	if address[0] == '/' {
		network = "unix"
	}
	return func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{Timeout: timeout}).DialContext(ctx, network, address)
	}
}

// consents has a repair ask. It returns a line to print if nobody can be asked, and an error for a repair that is
// refused at once.
func (s *settled) consents(ctx context.Context, o *verify.Options) (note string, err error) {
	switch known, err := s.ask(ctx); {
	case err != nil:
		return "", &verify.Refusal{Reason: err}
	case !known:
		return "no running magent was found that has these servers, so nobody knows whether the primaries have " +
			"missed writes: --admin-socket or --proxy names one", nil
	}
	o.Settled = func(ctx context.Context) error {
		known, err := s.ask(ctx)
		if err == nil && !known {
			err = errors.New("the magent that was asked does not answer any more: see why it has ended")
		}
		return err
	}
	return "", nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"time"

	"magent/internal/config"
	"magent/internal/control"
	"magent/internal/maintenance"
	"magent/internal/verify"
)

// A repair takes the primaries' copies for right. So magent verify asks first whether a running magent has all servers
// in use and nothing left to copy: at the socket that takes commands, or else as a client.

// magentOf is where a magent is asked that may have the servers of a repair.
type magentOf struct {
	at     string // a socket that takes commands, or where clients connect to: HOST:PORT or /PATH
	client bool
}

// settled is which magents are asked, and about which servers.
type settled struct {
	magents            []magentOf
	named              bool // by a flag, so that it has to be the right one
	timeout            time.Duration
	primaries, backups []string
}

// readSettled returns which magents are asked before a repair of a pool: the one that is named, or all sockets of this
// machine, and where the pool of a file listens.
func readSettled(r *reader, pool *config.Pool) settled {
	s := settled{timeout: pool.Timeout}
	s.primaries, s.backups = config.Texts(pool.Servers), config.Texts(pool.Backups)
	_, typed := r.typed[flagAdminSocket]
	switch text := r.text(flagProxy); {
	case text != "" && typed:
		r.fail(flagProxy, errors.New("and --admin-socket contradict each other: leave one out"))
	case text != "":
		address, err := proxyAddress(text)
		r.fail(flagProxy, err)
		s.magents, s.named = []magentOf{{address, true}}, true
	case r.given(flagAdminSocket):
		s.magents, s.named = []magentOf{{readSocket(r), false}}, true
	default:
		for _, socket := range control.All() {
			s.magents = append(s.magents, magentOf{socket, false})
		}
		for _, l := range pool.Listen {
			if !l.TLS {
				s.magents = append(s.magents, magentOf{l.Address, true})
			}
		}
	}
	return s
}

// ask asks all sockets. A magent is asked as by a client only if no other has these servers: clients are told less.
// known are those that have these servers, and nothing speaks against a repair. silent says why others cannot be
// asked. err is the reason not to repair.
func (s *settled) ask(ctx context.Context) (known []magentOf, silent []error, err error) {
	for _, m := range s.magents {
		if m.client && len(known) > 0 {
			break
		}
		pool, err := s.askOne(ctx, m)
		var refused *control.RefusedError
		switch {
		case errors.As(err, &refused):
			return nil, nil, fmt.Errorf("the magent at %s: %w", m.at, err)
		case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist): // it has ended
		case err != nil && s.named:
			return nil, nil, err
		case err != nil: // it may be the magent of other servers
			silent = append(silent, err)
		case pool != "":
			known = append(known, m)
		case s.named:
			return nil, nil, fmt.Errorf("the magent at %s has none of these servers: name the one that has them",
				m.at)
		}
	}
	return known, silent, nil
}

// askOne asks one magent. It returns what control.Settled does.
func (s *settled) askOne(ctx context.Context, m magentOf) (pool string, err error) {
	if !m.client {
		return control.Settled(ctx, m.at, s.primaries, s.backups)
	}
	groups, err := verify.Running(ctx, verify.Server{Name: m.at, Dial: dialer(m.at, s.timeout)}, s.timeout)
	if err != nil {
		return "", err
	}
	if pool, err = maintenance.Settled(groups, s.primaries, s.backups); err != nil {
		err = &control.RefusedError{Reason: err.Error()}
	}
	return pool, err
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
	known, silent, err := s.ask(ctx)
	switch {
	case err != nil:
		return "", &verify.Refusal{Reason: err}
	case len(known) == 0:
		return noMagent(silent), nil
	}
	again := *s
	again.magents, again.named = known, true
	o.Settled = func(ctx context.Context) error {
		now, _, err := again.ask(ctx)
		if err == nil && len(now) < len(known) {
			err = errors.New("the magent that was asked does not answer any more: see why it has ended")
		}
		return err
	}
	return "", nil
}

// noMagent says in one line that nobody knows how these servers are. silent says why some cannot be asked.
func noMagent(silent []error) string {
	who := "no running magent was found that has these servers"
	if len(silent) > 0 {
		why := strings.ReplaceAll(errors.Join(silent...).Error(), "\n", "; ")
		who = "no running magent that has these servers could be asked (" + why + ")"
	}
	return who + ", so nobody knows whether the primaries have missed writes: --admin-socket or --proxy names one"
}

package fence

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"magent/backend"
	"magent/internal/access"
	"magent/internal/fleet/conns"
	"magent/internal/loop"
	"magent/internal/pause"
)

// Outcome is what is known of the connections of the dead.
type Outcome uint8

const (
	Asking Outcome = iota // nobody knows yet
	Clear                 // none is left
	Hidden                // the server does not say
	Stayed                // the server has listed one for all of Options.Wait
)

// String returns the word for the log.
func (o Outcome) String() string { return [...]string{"asking", "clear", "hidden", "stayed"}[o] }

// Unknown stands in Options.Addresses for a connection whose address is not known.
const Unknown = "-"

// Options of a Fence.
type Options struct {
	// Find returns the addresses of the server. ctx has a deadline.
	Find      func(ctx context.Context) ([]loop.Endpoint, error)
	Addresses []string      // of the connections of the dead, in the form of conns.Form
	Access    access.Dialer // how the server is spoken to
	Timeout   time.Duration // for one question
	Wait      time.Duration // how long a connection may be listed until it has stayed
	Over      func(Outcome) // called once, by a goroutine beside the loops, before any connection is made; nil: nobody
}

const (
	firstPause = 2 * time.Millisecond // the first pause before a server is asked again
	lastPause  = 50 * time.Millisecond
)

// Fence is that of one server. Its methods may be called from any goroutine.
type Fence struct {
	o    Options
	ctx  context.Context // of the set
	done *sync.WaitGroup // of it

	mu      sync.Mutex
	outcome Outcome
	asking  bool       // the goroutine runs
	waiting []question // connections that wait for the outcome; empty unless it runs
	seen    time.Time  // when one of the addresses was listed first
}

// question is a connection, on its loop, that waits.
type question struct {
	d *dialer
	c *backend.Conn
}

// Outcome returns what is known by now.
func (f *Fence) Outcome() Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.outcome
}

// Dialer returns the backend.Dialer for the connections of loop l to the server, in place of next. next is nil if the
// server's address is fixed.
func (f *Fence) Dialer(l *loop.Loop, fixed loop.Endpoint, next backend.Dialer) backend.Dialer {
	return &dialer{f, l, fixed, next}
}

type dialer struct {
	f     *Fence
	l     *loop.Loop
	fixed loop.Endpoint
	next  backend.Dialer // nil: fixed is the address
}

// Resolve implements backend.Dialer.
func (d *dialer) Resolve(c *backend.Conn) {
	if !d.f.hold(question{d, c}) {
		d.pass(c)
	}
}

// pass lets a connection be made. It runs on the loop.
func (d *dialer) pass(c *backend.Conn) {
	if d.next != nil {
		d.next.Resolve(c)
		return
	}
	c.Resolved([]loop.Endpoint{d.fixed}, nil)
}

// hold reports whether a connection has to wait. If so, the server is asked, and the connection gets an answer.
func (f *Fence) hold(q question) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.outcome != Asking {
		return false
	}
	f.waiting = append(f.waiting, q)
	if !f.asking {
		f.asking = true
		f.done.Add(1)
		go f.ask(f.ctx)
	}
	return true
}

// ask is the goroutine that asks a server until nothing of the dead can come any more. It ends, too, when the server
// does not answer: the connections that wait have failed then, and the next one asks again.
func (f *Fence) ask(ctx context.Context) {
	defer f.done.Done()
	for pauses := pause.NewBackoff(firstPause, lastPause); ; {
		outcome, err := f.look(ctx)
		if err == nil && outcome == Asking {
			err = pauses.Wait(ctx)
			if err == nil {
				continue
			}
		}
		if err == nil && f.o.Over != nil {
			f.o.Over(outcome)
		}
		f.answer(outcome, err)
		return
	}
}

// answer tells the connections that wait to go on, or that they cannot.
func (f *Fence) answer(outcome Outcome, err error) {
	f.mu.Lock()
	waiting := f.waiting
	f.waiting, f.asking = nil, false
	if err == nil {
		f.outcome = outcome
	}
	f.mu.Unlock()
	for _, q := range waiting {
		q.d.l.Post(loop.TaskFunc(func() {
			if err != nil {
				q.c.Resolved(nil, err)
			} else {
				q.d.pass(q.c)
			}
		}))
	}
}

// look asks the server once. An error means that it does not answer. A name may have several addresses: those that
// answer count, and there must be one.
func (f *Fence) look(ctx context.Context) (Outcome, error) {
	if slices.Contains(f.o.Addresses, Unknown) {
		return Hidden, nil
	}
	ctx, cancel := context.WithTimeout(ctx, f.o.Timeout)
	defer cancel()
	addrs, err := f.o.Find(ctx)
	if err != nil {
		return Asking, err
	}
	answers, err := 0, loop.ErrNoAddress
	for _, at := range addrs {
		listed, failed := f.listed(ctx, at)
		switch {
		case errors.Is(failed, conns.ErrHidden):
			return Hidden, nil
		case failed != nil:
			err = failed
			continue
		}
		if answers++; listed {
			return f.stays(), nil
		}
	}
	if answers == 0 {
		return Asking, err
	}
	return Clear, nil
}

// listed reports whether a server has a connection of the dead.
func (f *Fence) listed(ctx context.Context, at loop.Endpoint) (bool, error) {
	present, err := conns.List(ctx, func(ctx context.Context) (net.Conn, error) {
		return f.o.Access.Dial(ctx, &net.Dialer{}, at.Network(), at.String(), f.o.Timeout)
	})
	var op *net.OpError
	switch { // the connection that fails with it names the server
	case errors.Is(err, context.DeadlineExceeded):
		err = backend.ErrConnect
	case errors.As(err, &op):
		err = op.Err
	}
	return slices.ContainsFunc(present, func(a string) bool { return slices.Contains(f.o.Addresses, a) }), err
}

// stays notes that a connection of the dead is listed.
func (f *Fence) stays() Outcome {
	if f.seen.IsZero() {
		f.seen = time.Now()
	}
	if time.Since(f.seen) < f.o.Wait {
		return Asking
	}
	return Stayed
}

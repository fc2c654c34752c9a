package discover

import (
	"context"
	"errors"
	"time"

	"magent/backend"
	"magent/internal/config"
	"magent/internal/loop"
)

// resolver looks up the name of one server for all loops, or asks its Sentinels.
type resolver struct {
	servers *Servers
	find    Finder
	master  *master       // nil: it is given by name
	timeout time.Duration // of one look-up: the connect deadline
	asked   chan question
	again   chan struct{} // has it look up unasked, now
	stop    context.CancelFunc
	done    chan struct{} // closed when it has ended
	name    string        // of the server, as it is configured
}

// question is one connection, on its loop, that wants to know the addresses.
type question struct {
	l *loop.Loop
	c *backend.Conn
}

func (q question) answer(addrs []loop.Endpoint, err error) {
	q.l.Post(loop.TaskFunc(func() { q.c.Resolved(addrs, err) }))
}

// resolverKey tells resolvers apart: by the server, as it is configured, and by how long a look-up may take.
type resolverKey struct {
	name    string
	timeout time.Duration
}

func keyOf(a config.Address, cfg *config.Pool) resolverKey {
	return resolverKey{a.String(), cfg.ConnectTimeout}
}

// startResolver makes and starts what finds a server.
func (s *Servers) startResolver(a config.Address, key resolverKey) *resolver {
	r := &resolver{
		servers: s, timeout: key.timeout, name: key.name,
		asked: make(chan question, 1024), again: make(chan struct{}, 1), done: make(chan struct{}),
	}
	if a.Network == "sentinel" {
		r.master = newMaster(a, s.opt.Lookup)
		r.find = r.master.find
	} else {
		r.find = finderOf(a, s.opt.Lookup)
	}
	var ctx context.Context
	ctx, r.stop = context.WithCancel(context.Background())
	go r.run(ctx)
	return r
}

// close ends the resolver, which nobody asks any more, and waits for it.
func (r *resolver) close() {
	r.stop()
	<-r.done
}

// askAgain has the resolver look up once more, unasked. It never blocks and may be called from any goroutine.
func (r *resolver) askAgain() {
	select {
	case r.again <- struct{}{}:
	default: // it is going to
	}
}

// run is the goroutine of one resolver. One look-up answers everybody who asked before it ended. From time to time it
// looks the name up unasked, for those that are connected to an address that is none of it any more.
func (r *resolver) run(ctx context.Context) {
	defer close(r.done)
	var due <-chan time.Time // for ever silent
	if interval := r.servers.opt.Interval; interval > 0 {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		due = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-due:
			r.renew(ctx)
		case <-r.again:
			r.renew(ctx)
		case q := <-r.asked:
			addrs, err := r.lookup(ctx)
			q.answer(addrs, err)
			for range len(r.asked) {
				(<-r.asked).answer(addrs, err)
			}
		}
	}
}

// renew looks the name up, and tells where the server is.
func (r *resolver) renew(ctx context.Context) {
	if addrs, err := r.lookup(ctx); err == nil && len(addrs) > 0 { // else nobody knows better
		r.tell(addrs)
	}
}

// tell tells where the server is now.
func (r *resolver) tell(addrs []loop.Endpoint) {
	var askAgain func()
	if r.master != nil {
		askAgain = r.askAgain
	}
	r.servers.opt.Found(r.name, addrs, askAgain)
}

func (r *resolver) lookup(ctx context.Context) ([]loop.Endpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	return r.find(ctx)
}

// dialer has the connections of one loop to one server ask its resolver.
type dialer struct {
	l *loop.Loop
	r *resolver
}

// errBusy: so many connections ask for one name that something must be wrong.
var errBusy = errors.New("too many look-ups are waiting")

// Resolve has the resolver look the name up; the answer comes through the loop's mailbox.
func (d *dialer) Resolve(c *backend.Conn) {
	q := question{d.l, c}
	select {
	case d.r.asked <- q:
	default:
		q.answer(nil, errBusy)
	}
}

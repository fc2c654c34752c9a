package discover

import (
	"context"
	"errors"
	"time"

	"magent/backend"
	"magent/internal/config"
	"magent/internal/loop"
)

// resolver finds the addresses of one server for all loops: it looks up its name, or asks its Sentinels.
type resolver struct {
	opt     *Options
	find    Finder
	master  *master       // nil: the server is given by name
	timeout time.Duration // bounds one look-up; it is the connect timeout of the pool
	asked   chan question
	again   chan struct{} // holds one element when a look-up is wanted although nobody has asked
	stop    context.CancelFunc
	done    chan struct{} // closed when run has ended
	name    string        // the server as it is configured
}

// question is a connection, on its loop, that asks for the addresses.
type question struct {
	l *loop.Loop
	c *backend.Conn
}

func (q question) answer(addrs []loop.Endpoint, err error) {
	q.l.Post(loop.TaskFunc(func() { q.c.Resolved(addrs, err) }))
}

// startResolver starts the resolver of a server. It must be closed.
func startResolver(a config.Address, key resolverKey, o *Options) *resolver {
	r := &resolver{
		opt: o, timeout: key.timeout, name: key.name,
		asked: make(chan question, 1024), again: make(chan struct{}, 1), done: make(chan struct{}),
	}
	if a.Network == "sentinel" {
		r.master = newMaster(a, o.Lookup, key.to)
		r.find = r.master.find
	} else {
		r.find = hostFinder(a, o.Lookup)
	}
	var ctx context.Context
	ctx, r.stop = context.WithCancel(context.Background())
	go r.run(ctx)
	return r
}

// close ends the resolver and waits for it. Nobody may ask it any more.
func (r *resolver) close() {
	r.stop()
	<-r.done
}

// askAgain makes the resolver look up the server once more and report the result to Options.Found. It never blocks and
// may be called from any goroutine.
func (r *resolver) askAgain() {
	select {
	case r.again <- struct{}{}:
	default: // a look-up is pending already
	}
}

// run is the goroutine of one resolver. One look-up answers all questions that arrived before it ended. There are also
// periodic look-ups, because a connection may be to an address that the name does not have any more.
func (r *resolver) run(ctx context.Context) {
	defer close(r.done)
	var due <-chan time.Time // nil: never due
	if interval := r.opt.Interval; interval > 0 {
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

// renew looks the server up, and reports its addresses. A look-up that fails changes nothing.
func (r *resolver) renew(ctx context.Context) {
	if addrs, err := r.lookup(ctx); err == nil && len(addrs) > 0 {
		r.tell(addrs)
	}
}

// tell reports the present addresses of the server to Options.Found.
func (r *resolver) tell(addrs []loop.Endpoint) {
	var askAgain func()
	if r.master != nil {
		askAgain = r.askAgain
	}
	r.opt.Found(r.name, addrs, askAgain)
}

func (r *resolver) lookup(ctx context.Context) ([]loop.Endpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	return r.find(ctx)
}

// dialer is the backend.Dialer of the connections of one loop to one server.
type dialer struct {
	l *loop.Loop
	r *resolver
}

// errBusy is the answer if the resolver's queue of questions is full.
var errBusy = errors.New("too many look-ups are waiting")

// Resolve asks the resolver for the addresses. The answer comes through the loop's mailbox, as a call of c.Resolved.
func (d *dialer) Resolve(c *backend.Conn) {
	q := question{d.l, c}
	select {
	case d.r.asked <- q:
	default:
		q.answer(nil, errBusy)
	}
}

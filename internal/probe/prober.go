package probe

import (
	"context"
	"sync"
	"time"

	"magent/internal/loop"
	"magent/internal/pause"
)

// maxBackoff is the longest pause between two probes of a server, in probe intervals.
const maxBackoff = 4

// Finder returns the addresses of one server. It looks them up if the server is given by name. It returns early when
// ctx is done.
type Finder func(ctx context.Context) ([]loop.Endpoint, error)

// Ping asks the server at an address whether it is ready, and returns nil if it is. timeout bounds the connect and
// each answer.
type Ping func(ctx context.Context, at loop.Endpoint, timeout time.Duration) error

// Target is a server that may be probed.
type Target struct {
	Find Finder
	Ping Ping
}

// Prober asks ejected servers whether they are back. It has one goroutine for each server that has ever been ejected,
// which sleeps while the server is up.
type Prober struct {
	servers []Target
	opt     Options
	alive   func(server int, at loop.Endpoint)
	ctx     context.Context
	stop    context.CancelFunc
	mu      sync.Mutex      // guards wake, and that no goroutine begins after Close
	wake    []chan struct{} // by server; nil: it was never ejected
	done    sync.WaitGroup
}

// Options configures a Prober.
type Options struct {
	// Interval is the first pause between two probes of a server. Pauses grow up to four intervals, and have jitter.
	Interval time.Duration
	// Timeout bounds the look-up, each connect and each answer.
	Timeout time.Duration
	// Delay is the shortest time from Ejected to the first probe.
	Delay time.Duration
	// Failed is called, on a goroutine of the prober, after each probe in vain. there means that the server was
	// reached but refuses us, or we refuse it: over TLS or a password. nil: nobody asks.
	Failed func(server int, err error, there bool)
}

// New returns a prober for servers. The caller must close it. Each probe finds the addresses of the server anew, and
// pings them in turn until one answers. Then alive is called with the server's index and that address, on a goroutine
// of the prober.
func New(servers []Target, opt Options, alive func(server int, at loop.Endpoint)) *Prober {
	ctx, stop := context.WithCancel(context.Background())
	return &Prober{
		servers: servers, opt: opt, alive: alive, ctx: ctx, stop: stop, wake: make([]chan struct{}, len(servers)),
	}
}

// Ejected tells that a server was ejected: it is probed until it answers. Ejected never blocks, and may be called from
// any goroutine. After Close it does nothing.
func (p *Prober) Ejected(server int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return
	}
	if p.wake[server] == nil {
		p.wake[server] = make(chan struct{}, 1)
		p.done.Add(1)
		go p.watch(server, p.wake[server])
	}
	select {
	case p.wake[server] <- struct{}{}:
	default: // a wake-up is pending already
	}
}

// Close ends all probing and waits for the goroutines. Look-ups and connects end at once. The wait for an answer ends
// with the answer, or after its timeout.
func (p *Prober) Close() {
	p.mu.Lock()
	p.stop()
	p.mu.Unlock()
	p.done.Wait()
}

// watch is the goroutine of one server.
func (p *Prober) watch(server int, wake <-chan struct{}) {
	defer p.done.Done()
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-wake:
		}
		at, ok := p.await(p.ctx, server, p.servers[server])
		if !ok {
			return
		}
		p.alive(server, at)
	}
}

// await probes the server until it answers, and returns the address that answered. ok is false if the prober is
// closed.
func (p *Prober) await(ctx context.Context, server int, target Target) (at loop.Endpoint, ok bool) {
	pauses := pause.NewBackoff(p.opt.Interval, maxBackoff*p.opt.Interval)
	for wait := max(pauses.Next(), p.opt.Delay); ; wait = pauses.Next() {
		if pause.For(ctx, wait) != nil {
			return at, false
		}
		at, err := p.probe(ctx, target)
		if err == nil {
			return at, true
		}
		if p.opt.Failed != nil && ctx.Err() == nil {
			p.opt.Failed(server, Reason(err), refusal(err) != nil)
		}
	}
}

// probe pings the addresses of a server in turn, and returns the first that answers.
func (p *Prober) probe(ctx context.Context, target Target) (at loop.Endpoint, err error) {
	lookup, cancel := context.WithTimeout(ctx, p.opt.Timeout)
	defer cancel()
	addrs, err := target.Find(lookup)
	if err != nil {
		return at, err
	}
	err = loop.ErrNoAddress
	for _, at = range addrs {
		if err = target.Ping(ctx, at, p.opt.Timeout); err == nil || ctx.Err() != nil {
			break
		}
	}
	return at, err
}

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

// Prober asks ejected servers whether they are back. It has one goroutine per server, which sleeps until the server is
// ejected.
type Prober struct {
	opt   Options
	alive func(server int, at loop.Endpoint)
	wake  []chan struct{}
	stop  context.CancelFunc
	done  sync.WaitGroup
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

// New starts a prober for servers. The caller must close it. Each probe finds the addresses of the server anew, and
// pings them in turn until one answers. Then alive is called with the server's index and that address, on a goroutine
// of the prober.
func New(servers []Target, opt Options, alive func(server int, at loop.Endpoint)) *Prober {
	ctx, stop := context.WithCancel(context.Background())
	p := &Prober{opt: opt, alive: alive, stop: stop}
	for i, server := range servers {
		wake := make(chan struct{}, 1)
		p.wake = append(p.wake, wake)
		p.done.Add(1)
		go p.watch(ctx, i, server, wake)
	}
	return p
}

// Ejected tells that a server was ejected: it is probed until it answers. Ejected never blocks, and may be called from
// any goroutine.
func (p *Prober) Ejected(server int) {
	select {
	case p.wake[server] <- struct{}{}:
	default: // a wake-up is pending already
	}
}

// Close ends all probing and waits for the goroutines. Look-ups and connects end at once. The wait for an answer ends
// with the answer, or after its timeout.
func (p *Prober) Close() {
	p.stop()
	p.done.Wait()
}

// watch is the goroutine of one server.
func (p *Prober) watch(ctx context.Context, server int, target Target, wake <-chan struct{}) {
	defer p.done.Done()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		}
		at, ok := p.await(ctx, server, target)
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
			p.opt.Failed(server, reason(err), refusal(err) != nil)
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

package probe

import (
	"context"
	"sync"
	"time"

	"magent/internal/loop"
	"magent/internal/pause"
)

// maxBackoff is how many probe intervals lie between two probes of a server that stays away.
const maxBackoff = 4

// Finder finds the addresses of one server, by a look-up where it is given by name. It returns when ctx is done.
type Finder func(ctx context.Context) ([]loop.Endpoint, error)

// Ping asks the server at an address whether it is there, and ready. timeout bounds the connect and each answer. It
// returns when ctx is done, or after timeout.
type Ping func(ctx context.Context, at loop.Endpoint, timeout time.Duration) error

// Target is one server that is probed.
type Target struct {
	Find Finder
	Ping Ping
}

// Prober asks ejected servers whether they are back, off the event loops. It has one goroutine per server, which
// sleeps until the server is ejected.
type Prober struct {
	opt   Options
	alive func(server int, at loop.Endpoint)
	wake  []chan struct{}
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// Options are the times of a Prober.
type Options struct {
	// Interval lies between two probes of a server, with jitter; up to four of them while the server stays away.
	Interval time.Duration
	// Timeout bounds the look-up, each connect and each answer.
	Timeout time.Duration
	// Delay is the shortest time from Ejected to the first probe.
	Delay time.Duration
}

// New starts a prober for servers. At each probe the addresses of the server are found anew, and asked in turn
// until one answers its Ping. Then alive is called with the server's index and the address that answered, on a
// goroutine of the prober. Close ends it.
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

// Ejected has the server probed until it answers. It never blocks and may be called from any goroutine.
func (p *Prober) Ejected(server int) {
	select {
	case p.wake[server] <- struct{}{}:
	default: // a wake-up is waiting already
	}
}

// Close ends all probing and waits for it. Look-ups and connects end at once; the answer to a probe is waited for, at
// most its timeout.
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
		at, ok := p.await(ctx, target)
		if !ok {
			return
		}
		p.alive(server, at)
	}
}

// await probes until the server answers, and returns where. It returns false when the prober is closed.
func (p *Prober) await(ctx context.Context, target Target) (at loop.Endpoint, ok bool) {
	pauses := pause.NewBackoff(p.opt.Interval, maxBackoff*p.opt.Interval)
	for wait := max(pauses.Next(), p.opt.Delay); ; wait = pauses.Next() {
		if pause.For(ctx, wait) != nil {
			return at, false
		}
		if at, err := p.probe(ctx, target); err == nil {
			return at, true
		}
	}
}

// probe asks the server once, at all its addresses until one answers.
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

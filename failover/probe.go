package failover

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

// maxBackoff is how many probe intervals lie between two probes of a server that stays away.
const maxBackoff = 4

// Prober asks ejected servers whether they are back, off the event loops. It has one goroutine per server, which
// sleeps until the server is ejected.
type Prober struct {
	interval time.Duration
	timeout  time.Duration
	alive    func(server int)
	wake     []chan struct{}
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// NewProber starts a prober for servers, given as host:port or the path of a unix socket. Names are looked up at each
// probe. A probe is gomemcache's Ping (the command version), bounded by timeout; it is repeated every interval, with
// jitter, and more seldom (up to four intervals) while the server stays away. When it succeeds, alive is called with
// the server's index, on a goroutine of the prober.
func NewProber(servers []string, interval, timeout time.Duration, alive func(server int)) *Prober {
	ctx, stop := context.WithCancel(context.Background())
	p := &Prober{interval: interval, timeout: timeout, alive: alive, stop: stop}
	for i, addr := range servers {
		wake := make(chan struct{}, 1)
		p.wake = append(p.wake, wake)
		p.done.Add(1)
		go p.watch(ctx, i, addr, wake)
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

// Close ends all probing and waits for it; a probe under way is waited for (at most its timeout).
func (p *Prober) Close() {
	p.stop()
	p.done.Wait()
}

// watch is the goroutine of one server.
func (p *Prober) watch(ctx context.Context, server int, addr string, wake <-chan struct{}) {
	defer p.done.Done()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		}
		if !p.await(ctx, addr) {
			return
		}
		p.alive(server)
	}
}

// await probes until the server answers. It returns false when the prober is closed.
func (p *Prober) await(ctx context.Context, addr string) bool {
	for n := 0; ; n++ {
		pause := time.NewTimer(pause(p.interval, n))
		select {
		case <-ctx.Done():
			pause.Stop()
			return false
		case <-pause.C:
		}
		if ping(addr, p.timeout) == nil {
			return true
		}
	}
}

// pause is the time before probe n (from 0): the interval, growing by half with each failed probe up to maxBackoff
// intervals, and 0 to 20 per cent more, so that several proxies do not probe in step.
func pause(interval time.Duration, n int) time.Duration {
	d := float64(interval)
	for range n {
		d = min(d*1.5, maxBackoff*float64(interval))
	}
	return time.Duration(d * (1 + rand.Float64()/5))
}

func ping(addr string, timeout time.Duration) error {
	c := memcache.New(addr)
	c.Timeout = timeout
	defer c.Close()
	return c.Ping()
}

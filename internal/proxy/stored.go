package proxy

import (
	"cmp"
	"context"
	"io"
	"net"
	"time"

	"magent/internal/access"
	"magent/internal/loop"
	"magent/internal/session"
	"magent/internal/stats"
)

// Servers are asked now and then what they store, for stats. That happens beside the loops, on separate connections,
// so that no request waits for it and no server is ejected because of it. One server is asked after the other. If a
// server does not answer, its last answer stays.

const (
	storedSoon = 100 * time.Millisecond // between two looks whether there is a server that has not been asked yet
	storedTime = time.Second            // for one answer
)

// askStored has those servers asked whose figures are old. It runs on the first loop, by a timer.
func (svc *Service) askStored() {
	sh := svc.shards[0]
	every := svc.storedEvery
	now, next := sh.L.Now(), every
	var asks []storedAsk
	for _, p := range sh.Pools {
		if p == nil || p.Config.Redis || p.Relay { // a relaying pool has no servers
			continue
		}
		for i, c := range p.Conns {
			switch known := &p.Stored[i]; {
			case c.Connecting():
				next = storedSoon
			case c.Ready() && (known.Asked == 0 || now-known.Asked >= int64(every)):
				asks = append(asks, storedAsk{p, i, c.Endpoint()})
			}
		}
	}
	if len(asks) > 0 {
		select {
		case svc.storedAsks <- asks:
			for _, a := range asks {
				a.p.Stored[a.server].Asked = max(1, now)
			}
		default: // the last ones are not done
			next = storedSoon
		}
	}
	sh.L.Set(svc.storedTimer, next)
}

// askSoon is called on a loop when its servers have changed.
func (svc *Service) askSoon(sh *session.Shard) {
	if sh.ID == 0 && svc.storedEvery > 0 {
		sh.L.Set(svc.storedTimer, storedSoon/10)
	}
}

// askStores is the goroutine that asks.
func (svc *Service) askStores(ctx context.Context) {
	defer svc.helpers.Done()
	told := map[string]string{}
	for {
		select {
		case <-ctx.Done():
			return
		case asks := <-svc.storedAsks:
			for _, a := range asks {
				s, err := askStats(ctx, a.at, a.p.Access[a.server])
				if ctx.Err() != nil {
					return
				}
				a.p.Loop.L.Post(loop.TaskFunc(func() { a.p.Stored[a.server].Told(s, err) }))
			}
			svc.warnShort(ctx, told)
		}
	}
}

// askStats asks one server.
func askStats(ctx context.Context, at loop.Endpoint, to access.Dialer) (s stats.Stored, err error) {
	ctx, cancel := context.WithTimeout(ctx, storedTime)
	defer cancel()
	c, err := to.Dial(ctx, &net.Dialer{}, at.Network(), at.String(), storedTime)
	if err != nil {
		return s, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if _, err := io.WriteString(c, "stats\r\n"); err != nil {
		return s, err
	}
	if s, err = stats.ReadStored(c); err != nil {
		return s, cmp.Or(ctx.Err(), err)
	}
	s.At = time.Now().Unix()
	return s, nil
}

package shard

import (
	"context"
	"sync"
	"time"

	"magent/internal/config"
	"magent/internal/pause"
	"magent/internal/redis"
)

// sentinelQuiet is how long a Sentinel may say nothing before it is asked whether it is still there.
const sentinelQuiet = 3 * time.Second

// sentinelPause is the time between two attempts to listen to a Sentinel.
const sentinelPause = time.Second

// lookout listens to the Sentinels of one pool, to all of them: the one that replaces a master announces it at once, the others
// when they hear of it.
type lookout struct {
	svc     *Service
	timeout time.Duration // to connect
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// newLookout begins to listen to the Sentinels of a pool, whose resolvers are there.
func (svc *Service) newLookout(cfg *config.Pool) *lookout {
	ctx, stop := context.WithCancel(context.Background())
	o := &lookout{svc: svc, timeout: cfg.ConnectTimeout, stop: stop}
	masters := map[string][]*resolver{} // by Sentinel
	for _, a := range cfg.Servers {
		if a.Network != "sentinel" {
			continue
		}
		for _, sentinel := range a.SentinelHosts() {
			masters[sentinel] = append(masters[sentinel], svc.resolvers[keyOf(a, cfg)])
		}
	}
	for sentinel, of := range masters {
		o.done.Add(1)
		go o.listen(ctx, sentinel, of)
	}
	return o
}

// close ends the listening, and waits for it. It may be called for nil.
func (o *lookout) close() {
	if o != nil {
		o.stop()
		o.done.Wait()
	}
}

// listen is the goroutine of one Sentinel, which knows these masters.
func (o *lookout) listen(ctx context.Context, sentinel string, masters []*resolver) {
	defer o.done.Done()
	told := false
	for pauses := pause.NewBackoff(sentinelPause, sentinelPause); ; {
		err := redis.Listen(ctx, sentinel, o.timeout, sentinelQuiet, func() {
			if told {
				o.svc.log.Info().Str("sentinel", sentinel).Msg("listening to the sentinel again")
			}
			told = false
			for _, r := range masters { // something may have been announced while nobody listened
				r.askAgain()
			}
		}, func(s redis.Switch) { o.switched(ctx, sentinel, masters, s) })
		if ctx.Err() != nil {
			return
		}
		if !told {
			o.svc.log.Warn().Str("sentinel", sentinel).AnErr("reason", err).Msg("the sentinel cannot be listened to: trying on")
			told = true
		}
		if pauses.Wait(ctx) != nil {
			return
		}
	}
}

// switched has the connections follow a master that a Sentinel has announced. What it has announced counts at once; what the
// resolver was told by another Sentinel in the same moment may be what was before, so it asks again.
func (o *lookout) switched(ctx context.Context, sentinel string, masters []*resolver, s redis.Switch) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	for _, r := range masters {
		if r.master.name != s.Name {
			continue
		}
		r.master.announced(sentinel)
		if addrs, err := r.master.at(ctx, s.Host, s.Port); err == nil {
			o.svc.tell(r, addrs)
		}
		r.askAgain()
	}
}

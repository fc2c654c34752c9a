package discover

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/config"
	"magent/internal/pause"
	"magent/internal/redis"
)

// sentinelQuiet is how long a Sentinel may say nothing before it is asked whether it is still there.
const sentinelQuiet = 3 * time.Second

// sentinelPause is the time between two attempts to listen to a Sentinel.
const sentinelPause = time.Second

// sentinelWatcher listens to the Sentinels of one pool, to all of them: the one that replaces a master announces it at once, the others
// when they hear of it.
type sentinelWatcher struct {
	log     zerolog.Logger
	timeout time.Duration // to connect
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// newSentinelWatcher begins to listen to the Sentinels of a pool, whose resolvers are there.
func (s *Servers) newSentinelWatcher(cfg *config.Pool) *sentinelWatcher {
	ctx, stop := context.WithCancel(context.Background())
	w := &sentinelWatcher{log: s.opt.Log, timeout: cfg.ConnectTimeout, stop: stop}
	masters := map[string][]*resolver{} // by Sentinel
	for _, a := range cfg.Servers {
		if a.Network != "sentinel" {
			continue
		}
		for _, sentinel := range a.SentinelHosts() {
			masters[sentinel] = append(masters[sentinel], s.resolvers[keyOf(a, cfg)])
		}
	}
	for sentinel, of := range masters {
		w.done.Add(1)
		go w.listen(ctx, sentinel, of)
	}
	return w
}

// close ends the listening, and waits for it. It may be called for nil.
func (w *sentinelWatcher) close() {
	if w != nil {
		w.stop()
		w.done.Wait()
	}
}

// listen is the goroutine of one Sentinel, which knows these masters.
func (w *sentinelWatcher) listen(ctx context.Context, sentinel string, masters []*resolver) {
	defer w.done.Done()
	told := false
	for pauses := pause.NewBackoff(sentinelPause, sentinelPause); ; {
		err := redis.Listen(ctx, sentinel, w.timeout, sentinelQuiet, func() {
			if told {
				w.log.Info().Str("sentinel", sentinel).Msg("listening to the sentinel again")
			}
			told = false
			for _, r := range masters { // something may have been announced while nobody listened
				r.askAgain()
			}
		}, func(s redis.Switch) { w.switched(ctx, sentinel, masters, s) })
		if ctx.Err() != nil {
			return
		}
		if !told {
			w.log.Warn().Str("sentinel", sentinel).AnErr("reason", err).Msg("the sentinel cannot be listened to: trying on")
			told = true
		}
		if pauses.Wait(ctx) != nil {
			return
		}
	}
}

// switched has the connections follow a master that a Sentinel has announced. What it has announced counts at once; what the
// resolver was told by another Sentinel in the same moment may be what was before, so it asks again.
func (w *sentinelWatcher) switched(ctx context.Context, sentinel string, masters []*resolver, s redis.Switch) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	for _, r := range masters {
		if r.master.name != s.Name {
			continue
		}
		r.master.announced(sentinel)
		if addrs, err := r.master.at(ctx, s.Host, s.Port); err == nil {
			r.tell(addrs)
		}
		r.askAgain()
	}
}

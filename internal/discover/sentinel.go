package discover

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/access"
	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/pause"
	"magent/internal/redis"
	"magent/internal/replicas"
)

// sentinelQuiet is how long a Sentinel may be silent before it gets a PING.
const sentinelQuiet = 3 * time.Second

// sentinelPause is the time between two attempts to listen to a Sentinel.
const sentinelPause = time.Second

// sentinelWatcher listens to all Sentinels of one pool. The one that replaces a master announces that first. The
// others announce it when they have learned of it.
type sentinelWatcher struct {
	log     zerolog.Logger
	timeout time.Duration // bounds each connect
	to      access.Dialer // how they are spoken to
	stop    context.CancelFunc
	done    sync.WaitGroup

	replicas []*replicas.Watch // one for each server, if replicas are read
}

// newSentinelWatcher starts to listen to the Sentinels of a pool. masters has the resolvers of its servers by the
// Sentinels that watch them.
func newSentinelWatcher(cfg *config.Pool, masters map[string][]*resolver, o *Options) *sentinelWatcher {
	ctx, stop := context.WithCancel(context.Background())
	w := &sentinelWatcher{log: o.Log, timeout: cfg.ConnectTimeout, stop: stop, to: o.Files.ToSentinels(cfg)}
	for sentinel, of := range masters {
		w.done.Add(1)
		go w.listen(ctx, sentinel, of)
	}
	return w
}

// findReplicas has tell called, from now on, for each server with those of its replicas that may be read.
func (w *sentinelWatcher) findReplicas(
	cfg *config.Pool, tell func(server int, read []loop.Endpoint), o *Options,
) {
	for i, a := range cfg.Servers {
		w.replicas = append(w.replicas, replicas.Start(replicas.Options{
			Nearest: cfg.ReadFrom == config.ReadNearest, Find: newMaster(a, o.Lookup, w.to).group,
			Dial:     o.Files.To(cfg, a).Dial,
			Password: cfg.RedisAuth, Limit: cfg.ConnectTimeout,
			Tell: func(read []loop.Endpoint) { tell(i, read) },
			Log:  o.Log, Pool: cfg.Name, Server: a.String(),
		}))
	}
}

// close ends the goroutines of w and waits for them. w may be nil.
func (w *sentinelWatcher) close() {
	if w != nil {
		w.stop()
		w.done.Wait()
		for _, r := range w.replicas {
			r.Close()
		}
	}
}

// listen is the goroutine of one Sentinel. masters are the resolvers of the masters that it watches.
func (w *sentinelWatcher) listen(ctx context.Context, sentinel string, masters []*resolver) {
	defer w.done.Done()
	told := false
	for pauses := pause.NewBackoff(sentinelPause, sentinelPause); ; {
		err := redis.Listen(ctx, w.to.Dial, sentinel, w.timeout, sentinelQuiet, func() {
			if told {
				w.log.Info().Str("sentinel", sentinel).Msg("listening to the sentinel again")
			}
			told = false
			for _, r := range masters { // an announcement may have been missed
				r.askAgain()
			}
		}, func(s redis.Switch) { w.switched(ctx, sentinel, masters, s) })
		if ctx.Err() != nil {
			return
		}
		if !told {
			w.log.Warn().Str("sentinel", sentinel).AnErr("reason", err).
				Msg("the sentinel cannot be listened to: trying again")
			told = true
		}
		if pauses.Wait(ctx) != nil {
			return
		}
	}
}

// switched reports the address of a new master that a Sentinel has announced, so that connections follow it. In the
// same moment another Sentinel may have named the old master to the resolver. So the resolver asks again.
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

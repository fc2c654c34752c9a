package replicas

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/loop"
	"magent/internal/pause"
	"magent/internal/redis"
)

// Group is a master and its replicas, as a Sentinel knows them.
type Group struct {
	Master   loop.Endpoint
	Replicas []Node // At and Down
}

// Options configures a Watch.
type Options struct {
	Nearest  bool                                     // only the nearest server is read
	Find     func(ctx context.Context) (Group, error) // asks the Sentinels
	Dial     redis.DialFunc                           // to the servers
	Password string                                   // of the servers; not sent if empty
	Limit    time.Duration                            // of each look-up, and of each answer

	// Tell is called after each round with the replicas that may be read, on a goroutine of the Watch. It keeps the
	// slice, and does not change it.
	Tell func(read []loop.Endpoint)

	Log          zerolog.Logger
	Pool, Server string // for the log
}

// Watch finds out which replicas of one master may be read.
type Watch struct {
	opt    Options
	choice Choice
	known  Group
	asked  map[loop.Endpoint]*asked
	told   []loop.Endpoint
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// asked is a server that is asked in each round.
type asked struct {
	redis.Node
	found Node
}

// interval is the time between two rounds.
const interval = time.Second

// Start starts a Watch, which has to be closed.
func Start(o Options) *Watch {
	ctx, stop := context.WithCancel(context.Background())
	w := &Watch{opt: o, choice: Choice{Nearest: o.Nearest}, asked: map[loop.Endpoint]*asked{}, stop: stop}
	w.done.Add(1)
	go w.run(ctx)
	return w
}

// Close ends the Watch, and waits for that.
func (w *Watch) Close() {
	w.stop()
	w.done.Wait()
}

// run is the goroutine of a Watch.
func (w *Watch) run(ctx context.Context) {
	defer w.done.Done()
	defer func() {
		for _, a := range w.asked {
			a.Close()
		}
	}()
	for {
		w.round(ctx)
		if pause.For(ctx, interval) != nil {
			return
		}
	}
}

// round asks Sentinels and servers, and tells what follows. If no Sentinel answers, the servers known are asked.
func (w *Watch) round(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, w.opt.Limit)
	group, err := w.opt.Find(limited)
	cancel()
	if err == nil {
		w.known = group
	}
	w.ask(ctx)
	if ctx.Err() != nil || w.known.Master == (loop.Endpoint{}) {
		return
	}
	master := w.asked[w.known.Master].found
	var replicas []Node
	for _, n := range w.known.Replicas {
		found := w.asked[n.At].found
		found.Down = n.Down
		replicas = append(replicas, found)
	}
	read := w.choice.Next(master, replicas)
	w.report(read)
	w.opt.Tell(read)
}

// ask asks all servers of the group at the same time, and forgets others.
func (w *Watch) ask(ctx context.Context) {
	all := map[loop.Endpoint]*asked{}
	for _, n := range append(slices.Clone(w.known.Replicas), Node{At: w.known.Master}) {
		if n.At == (loop.Endpoint{}) {
			continue
		}
		a := w.asked[n.At]
		if a == nil {
			a = &asked{Node: redis.Node{
				By: w.opt.Dial, Network: n.At.Network(), Address: n.At.String(), Password: w.opt.Password,
			}}
		}
		all[n.At] = a
		delete(w.asked, n.At)
	}
	for _, a := range w.asked {
		a.Close()
	}
	w.asked = all
	var answers sync.WaitGroup
	for at, a := range all {
		answers.Go(func() { a.ask(ctx, at, w.opt.Limit) })
	}
	answers.Wait()
}

// ask asks one server.
func (a *asked) ask(ctx context.Context, at loop.Endpoint, limit time.Duration) {
	before := a.found.Delay
	r, err := a.Ask(ctx, limit)
	a.found = Node{At: at, Answers: err == nil, Replication: r}
	if err == nil {
		a.found.Delay = smooth(before, r.Delay)
	}
}

// report logs a change.
func (w *Watch) report(read []loop.Endpoint) {
	if slices.Equal(read, w.told) {
		return
	}
	w.told = read
	line := w.opt.Log.Info().Str("pool", w.opt.Pool).Str("server", w.opt.Server)
	if len(read) == 0 {
		line.Msg("reads go to the master now")
		return
	}
	line.Strs("replicas", names(read)).Msg("reads go to replicas now")
}

func names(all []loop.Endpoint) (texts []string) {
	for _, e := range all {
		texts = append(texts, e.String())
	}
	return texts
}

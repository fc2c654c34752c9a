package owner

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"magent/failover"
	"magent/internal/config"
	"magent/internal/fleet/conns"
	"magent/internal/fleet/core"
	"magent/internal/fleet/gate"
	"magent/internal/loop"
	"magent/internal/pause"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/refill"
)

// Pauses between two questions to a server who is connected, and how long an answer may take.
const (
	firstAsk = 5 * time.Millisecond
	lastAsk  = 100 * time.Millisecond
	askTime  = time.Second
)

// fence has a server asked for its connections, until it is open for the term. It runs on the member's goroutine.
func (f *Owner) fence(d core.Decision) {
	t := f.terms[d.Group]
	if t == nil {
		return
	}
	cfg := t.cfg
	for n := range len(cfg.Servers) + len(cfg.Backups) {
		if a := placement.ServerAt(cfg, n); a.String() == d.Server {
			if f.begin() {
				go f.ask(*a, cfg, t.Term, t.doors[n])
			}
			return
		}
	}
	// It is in no pool any more, and nobody will ask it.
}

// ask is the goroutine that asks a server who is connected, until it is open.
func (f *Owner) ask(a config.Address, cfg *config.Pool, term *gate.Term, door *pool.Door) {
	defer f.done.Done()
	pauses := pause.NewBackoff(firstAsk, lastAsk)
	for !term.Over() && !door.IsOpen() {
		ctx, cancel := context.WithTimeout(f.ctx, askTime)
		asked := gate.Now()
		addresses, err := conns.List(ctx, func(ctx context.Context) (net.Conn, error) { return f.dial(ctx, a, cfg) })
		cancel()
		if err == nil || errors.Is(err, conns.ErrHidden) {
			f.listed(asked, a.String(), err == nil, addresses)
		}
		if pauses.Wait(f.ctx) != nil {
			return
		}
	}
}

// dial connects to a server of a pool beside the loops.
func (f *Owner) dial(ctx context.Context, a config.Address, cfg *config.Pool) (net.Conn, error) {
	all, err := f.o.Process.Servers.Finder(a, cfg)(ctx)
	if err != nil {
		return nil, err
	}
	err = loop.ErrNoAddress
	to := f.o.Process.Files.To(cfg, a)
	for _, e := range all {
		var conn net.Conn
		if conn, err = to.Dial(ctx, new(net.Dialer), e.Network(), e.String(), askTime); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// knock finds out whether server n of a pool answers, and is the one that is known. One that was restarted meanwhile
// has nothing that it could be compared by. As long as no connection has answered another one is tried beside it, for
// the first packets of one may be lost while the network fails. It is a goroutine of reach.
func (f *Owner) knock(ctx context.Context, cfg *config.Pool, n int, known string, there *bool, done func()) {
	defer done()
	var all sync.WaitGroup
	defer all.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan bool)
	again := time.NewTicker(knockAgain)
	defer again.Stop()
	for {
		all.Add(1)
		go f.greet(ctx, cfg, n, known, answers, all.Done)
		select {
		case *there = <-answers:
			return
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// knockAgain is how long a connection is waited for alone.
const knockAgain = 100 * time.Millisecond

// greet is a goroutine that connects to server n of a pool. Its answer is whether that is the one that is known. One
// that refuses connections is not. There is no answer if nothing is heard of the server.
func (f *Owner) greet(ctx context.Context, cfg *config.Pool, n int, known string, answers chan<- bool, done func()) {
	defer done()
	is := false
	conn, err := f.dial(ctx, *placement.ServerAt(cfg, n), cfg)
	if err == nil {
		defer conn.Close()
		var now failover.Greeting
		now, err = refill.Greet(ctx, conn)
		before := failover.ParseIdentity(known)
		is = before == (failover.Identity{}) || before == now.Identity
	}
	if err == nil || errors.Is(err, unix.ECONNREFUSED) {
		select {
		case answers <- is && err == nil:
		case <-ctx.Done():
		}
	}
}

// listed tells the core who is connected to a server.
func (f *Owner) listed(asked time.Duration, server string, known bool, addresses []string) {
	if m := f.member.Load(); m != nil {
		m.Do(func(c *core.Core, now time.Duration) { c.Listed(now, asked, server, known, addresses) })
	}
}

package discover

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"magent/internal/access"
	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/redis"
	"magent/internal/replicas"
)

// master is a Redis master that is given by its Sentinels. It is safe for use by several goroutines.
type master struct {
	name      string
	sentinels []string // host:port
	lookup    LookupFunc
	to        access.Dialer // how they are spoken to

	// first is the index of the Sentinel that is asked first. It is the one that answered last, or that announced the
	// last change: the others learn of a change from that one, and name the old master until then.
	first atomic.Int32
}

func newMaster(a config.Address, lookup LookupFunc, to access.Dialer) *master {
	return &master{name: a.Master, sentinels: a.SentinelHosts(), lookup: lookup, to: to}
}

// find is a Finder. It asks the Sentinels in turn until one knows the master. find does not ask the server whether it
// is a master.
func (m *master) find(ctx context.Context) (addrs []loop.Endpoint, err error) {
	err = m.inTurn(ctx, func(ctx context.Context, sentinel string, share time.Duration) (err error) {
		addrs, err = m.ask(ctx, sentinel, share)
		return err
	})
	return addrs, err
}

// ask asks one Sentinel for the master.
func (m *master) ask(ctx context.Context, sentinel string, share time.Duration) ([]loop.Endpoint, error) {
	host, port, err := redis.Master(ctx, m.to.Dial, sentinel, m.name, share)
	if err != nil {
		return nil, err
	}
	return m.at(ctx, host, port)
}

// group returns the master and its replicas, as the same Sentinel names them. Replicas whose names have no address are
// left out.
func (m *master) group(ctx context.Context) (g replicas.Group, err error) {
	err = m.inTurn(ctx, func(ctx context.Context, sentinel string, share time.Duration) error {
		addrs, err := m.ask(ctx, sentinel, share)
		if err != nil {
			return err
		}
		all, err := redis.Replicas(ctx, m.to.Dial, sentinel, m.name, share)
		if err != nil {
			return err
		}
		g = replicas.Group{Master: addrs[0]}
		for _, r := range all {
			if addrs, err := m.at(ctx, r.Host, r.Port); err == nil {
				g.Replicas = append(g.Replicas, replicas.Node{At: addrs[0], Down: r.Down})
			}
		}
		return nil
	})
	return g, err
}

// inTurn calls ask for one Sentinel after the other until it returns no error. Each gets an equal share of the time
// that is left until the deadline of ctx.
func (m *master) inTurn(
	ctx context.Context, ask func(ctx context.Context, sentinel string, share time.Duration) error,
) (err error) {
	first := int(m.first.Load())
	deadline, _ := ctx.Deadline()
	for n := range m.sentinels {
		i := (first + n) % len(m.sentinels)
		share := time.Until(deadline) / time.Duration(len(m.sentinels)-n)
		limited, cancel := context.WithTimeout(ctx, share)
		err = ask(limited, m.sentinels[i], share)
		cancel()
		if err == nil {
			m.first.CompareAndSwap(int32(first), int32(i)) // unless another one has announced a change in the meantime
			return nil
		}
	}
	return err
}

// at returns the addresses of a server that a Sentinel has named. host may be a name.
func (m *master) at(ctx context.Context, host string, port int) ([]loop.Endpoint, error) {
	addrs, err := hostFinder(config.Address{Network: "tcp", Host: host, Port: port}, m.lookup)(ctx)
	if err == nil && len(addrs) == 0 {
		err = loop.ErrNoAddress
	}
	return addrs, err
}

// announced notes that a Sentinel has announced a change.
func (m *master) announced(sentinel string) {
	if i := slices.Index(m.sentinels, sentinel); i >= 0 {
		m.first.Store(int32(i))
	}
}

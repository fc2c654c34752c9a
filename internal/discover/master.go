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

// find is a Finder. It asks the Sentinels in turn until one knows the master. Each gets an equal share of the time
// that is left until the deadline of ctx. find does not ask the server whether it is a master.
func (m *master) find(ctx context.Context) (addrs []loop.Endpoint, err error) {
	first := int(m.first.Load())
	for n := range m.sentinels {
		i := (first + n) % len(m.sentinels)
		if addrs, err = m.ask(ctx, m.sentinels[i], len(m.sentinels)-n); err == nil {
			m.first.CompareAndSwap(int32(first), int32(i)) // unless another one has announced a change in the meantime
			return addrs, nil
		}
	}
	return nil, err
}

// ask asks one Sentinel. left is the number of Sentinels, this one included, that share the time until the deadline.
func (m *master) ask(ctx context.Context, sentinel string, left int) ([]loop.Endpoint, error) {
	deadline, _ := ctx.Deadline()
	share := time.Until(deadline) / time.Duration(left)
	ctx, cancel := context.WithTimeout(ctx, share)
	defer cancel()
	host, port, err := redis.Master(ctx, m.to.Dial, sentinel, m.name, share)
	if err != nil {
		return nil, err
	}
	return m.at(ctx, host, port)
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

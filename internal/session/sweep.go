package session

import (
	"time"
)

// sweepEvery is how often a loop looks after what it keeps.
const sweepEvery = time.Second

// Sweep ends clients from which nothing comes, and lets go of what is kept for use again and was not needed since the last time.
func (sh *Shard) Sweep() {
	sh.EndQuiet()
	sh.forwards.Trim()
	sh.fanouts.Trim()
	for _, p := range sh.Pools {
		if p == nil {
			continue
		}
		p.Engine.Trim()
		if p.Commands != nil {
			p.Commands.Trim()
		}
		for _, c := range p.Conns {
			c.Trim()
		}
	}
	sh.L.Pool.Trim()
	sh.giveBack()
	sh.L.Set(sh.sweeper, sweepEvery)
}

const (
	worthGiving = 16 << 20 // bytes that are worth a collection of their own
	quietSweep  = 1 << 20  // in a second without a peak there are fewer let go of
)

// giveBack has memory go back to the system when a peak has passed. By itself Go would see to it within minutes.
func (sh *Shard) giveBack() {
	now := sh.Spare.Dropped() + sh.L.Pool.Dropped()
	sh.owed += now
	if sh.owed < worthGiving || now > quietSweep || sh.Draining || !sh.group.GiveBack() {
		return
	}
	sh.owed = 0
}

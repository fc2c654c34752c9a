package session

import "time"

// sweepEvery is the time between two sweeps of a loop.
const sweepEvery = time.Second

// Sweep ends clients that are silent for too long. It frees buffers that were kept for later use, but not needed since
// the last sweep.
func (sh *Shard) Sweep() {
	sh.EndQuiet()
	sh.askLinks()
	sh.Others.Trim()
	for _, p := range sh.Pools {
		if p != nil {
			p.Trim()
		}
	}
	sh.L.Trim()
	sh.partials.Trim()
	sh.outputs.Trim()
	sh.giveBack()
	sh.L.Set(sh.sweeper, sweepEvery)
}

const (
	worthGiving = 16 << 20 // bytes that are worth a collection of their own
	quietSweep  = 1 << 20  // in a second without a peak there are fewer let go of
)

// giveBack returns memory to the system when a peak has passed. By itself Go would take minutes to do so.
func (sh *Shard) giveBack() {
	now := sh.Spare.Dropped() + sh.L.Pool.Dropped()
	sh.owed += now
	if sh.owed < worthGiving || now > quietSweep || sh.Draining || !sh.group.GiveBack() {
		return
	}
	sh.owed = 0
}

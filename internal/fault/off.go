//go:build !faults

package fault

// The guards that are switched off: none.
const (
	Dirty    = false
	Drain    = false
	Identity = false
	Refill   = false
	CasTag   = false
	Order    = false
	Hide     = false
	Sound    = false
	Missed   = false
	Replaced = false
	Underway = false
	HotKeys  = false

	LeaseCommit = false
	LeaseWait   = false
	FleetLease  = false
	Fence       = false
	GivenUp     = false
	Woken       = false
	Reading     = false
	BootTime    = false
	Compare     = false
	Records     = false
	Repaired    = false
	Alone       = false
	Announce    = false
	SendOnce    = false
	Hold        = false
	Ahead       = false
)

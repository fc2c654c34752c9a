package stats

// The states of a server, in the words of package failover. The log, stats, the status page, magent top and metrics
// use the same words.
const (
	StateUp        = "up"        // used for everything
	StateEjected   = "ejected"   // not used until a probe succeeds
	StateReturning = "returning" // written but not read, until what it missed is repaired
	StateWarming   = "warming"   // written but not read, while it is refilled from the other copies
	StateDrained   = "drained"   // an operator has taken it out of use, until it is undrained
)

// States returns all states, in a new slice.
func States() []string {
	return []string{StateUp, StateEjected, StateReturning, StateWarming, StateDrained}
}

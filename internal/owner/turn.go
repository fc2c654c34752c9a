package owner

import (
	"errors"
	"sync/atomic"

	"magent/internal/fleet/plan"
	"magent/internal/journal"
	"magent/internal/placement"
)

// Turn is a change of what places keys, for all members of a fleet or for none (view.Change).
type Turn struct {
	*plan.Change
	asked uint64      // the change of the view that this member takes part in; 0: it begins one
	loose atomic.Bool // clients were let go on before it was decided
	left  []int       // indexes of the pools that have gone, and of their groups; set before over is closed

	since uint64 // of the member's goroutine: the change in the view; 0: the view has not had it yet

	over chan struct{} // closed when it is decided
	err  error         // why the pools have stayed as they were; nil: they have changed. Set before over is closed
}

// ErrOvertaken is why a change was not begun. It has to be planned again, as part of the one that was: they may differ
// in roles alone.
var ErrOvertaken = errors.New("another member has begun a change of the pools: try again")

// legacy is what the first owner of a group begins with that has got keys of others.
type legacy struct {
	epoch  uint64            // in which he was named
	missed []*journal.Missed // by server, but for the keys that move to it
	moves  *placement.Migration
}

// Turned reports whether the pools have changed.
func (t *Turn) Turned() bool { return t.decided() && t.err == nil }

// Pending reports whether it is not decided yet.
func (t *Turn) Pending() bool { return !t.decided() }

func (t *Turn) decided() bool {
	select {
	case <-t.over:
		return true
	default:
		return false
	}
}

// end says what was decided.
func (t *Turn) end(err error) {
	t.err = err
	close(t.over)
}

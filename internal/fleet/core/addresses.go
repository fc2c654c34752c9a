package core

import (
	"math"
	"slices"
	"strings"
	"time"

	"magent/internal/fleet/view"
)

// address is a connection to a server, and the life of the process that has it.
type address struct {
	Server, Address, Name string
	Incarnation, Life     uint64
}

// addresses are the connections that may exist, of all members, the dead included. The time is when this process
// learned that one was given up by its owner, who goes on, while something may lie in its socket. 0: it was not.
type addresses map[address]time.Duration

// inUse stands for one that was given up at a time which is not known, or whose address another one may have by now.
const inUse time.Duration = math.MaxInt64

// take notes what a record says of connections. own: it comes from the process that has the connection, in its order.
// So nothing is written after now to one that is given up. Others tell what they have known at some time.
func (a addresses) take(r Record, own bool, now time.Duration) {
	one := address{r.Server, r.Address, r.Name, r.Incarnation, r.Life}
	switch lost := a[one]; r.Kind {
	case Address:
		if a[one] = 0; lost > 0 {
			a[one] = inUse
		}
	case Lost:
		switch known := lost > 0 && lost < inUse; {
		case known: // it is told again
		case own:
			a[one] = max(now, 1)
		default:
			a[one] = inUse
		}
	case Gone:
		delete(a, one)
	}
}

// all are the records that say the same.
func (a addresses) all() (records []Record) {
	for one, lost := range a {
		if lost > 0 {
			records = append(records, one.record(Lost))
		}
		if lost == 0 || lost == inUse {
			records = append(records, one.record(Address))
		}
	}
	slices.SortStableFunc(records, func(x, y Record) int {
		return strings.Compare(x.Server+" "+x.Address+" "+x.Name, y.Server+" "+y.Address+" "+y.Name)
	})
	return records
}

func (a address) record(kind RecordKind) Record {
	return Record{
		Kind: kind, Server: a.Server, Address: a.Address,
		Name: a.Name, Incarnation: a.Incarnation, Life: a.Life,
	}
}

// dead are those that were given up, and those of lives that have ended: nobody gives account of what lies in
// their sockets.
func (a addresses) dead(v *view.View) (found []address) {
	for one, lost := range a {
		if lost > 0 || !v.Lives(one.Name, one.Incarnation, one.Life) {
			found = append(found, one)
		}
	}
	slices.SortFunc(found, func(x, y address) int {
		return strings.Compare(x.Server+" "+x.Address, y.Server+" "+y.Address)
	})
	return found
}

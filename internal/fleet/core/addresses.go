package core

import (
	"slices"
	"strings"

	"magent/internal/fleet/view"
)

// address is a connection to a server, and the life of the process that has it.
type address struct {
	Server, Address, Name string
	Incarnation, Life     uint64
}

// addresses are the connections that may exist, of all members, the dead included; true: given up by its owner,
// who goes on, while something may lie in its socket.
type addresses map[address]bool

// take notes what a record says of connections.
func (a addresses) take(r Record) {
	one := address{r.Server, r.Address, r.Name, r.Incarnation, r.Life}
	switch r.Kind {
	case Address:
		if _, ok := a[one]; !ok {
			a[one] = false
		}
	case Lost:
		a[one] = true
	case Gone:
		delete(a, one)
	}
}

// all are the records that say the same.
func (a addresses) all() (records []Record) {
	for one, lost := range a {
		kind := Address
		if lost {
			kind = Lost
		}
		records = append(records, one.record(kind))
	}
	slices.SortFunc(records, func(x, y Record) int {
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
		if lost || !v.Lives(one.Name, one.Incarnation, one.Life) {
			found = append(found, one)
		}
	}
	slices.SortFunc(found, func(x, y address) int {
		return strings.Compare(x.Server+" "+x.Address, y.Server+" "+y.Address)
	})
	return found
}

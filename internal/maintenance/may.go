package maintenance

import (
	"fmt"
	"slices"
	"strings"
)

// Server is what is known of one server of a pool, by all loops together.
type Server struct {
	Role, Address string
	State         string
	Up            bool   // on all loops
	Missed        bool   // it has to be repaired: it missed something, or was not filled
	Weight        int    // beside the others of its role
	Items         uint64 // that it stores; 0: not known
}

// StateUnknown is the state of a server of which nobody who was asked knows anything.
const StateUnknown = "unknown"

// stateStandsBy is the state of a server that only a magent knows which stands by.
const stateStandsBy = "not known by a magent that stands by"

// Effect is what draining a server does.
type Effect struct {
	Pool     string
	Server   Server
	Share    float64  // of the keys, beside the others of its role
	Others   []Server // that have other copies of its keys
	Drained  string   // by whom and since when it is drained already; empty: it is not
	Defiance error    // why it should not be drained; nil: nothing speaks against it

	Undecided bool // Defiance is that nobody decides for some of the keys just now
}

// Judge finds out what draining the server at an address, one of a pool's, does. A key keeps a copy that is right if
// all other servers which may have it are up and complete. With moves keys of a server that is out of use belong to
// the others.
func Judge(pool string, servers []Server, address string, moves bool) Effect {
	i := slices.IndexFunc(servers, func(s Server) bool { return s.Address == address })
	e := Effect{Pool: pool, Server: servers[i]}
	for _, other := range servers {
		if other.Role != servers[i].Role {
			e.Others = append(e.Others, other)
		}
	}
	weight := 0
	for _, s := range servers {
		if s.Role == e.Server.Role {
			weight += s.Weight
		}
	}
	e.Share = float64(e.Server.Weight) / float64(max(1, weight))
	switch bad := slices.IndexFunc(e.Others, func(s Server) bool { return !s.Up || s.Missed }); {
	case len(e.Others) == 0 && moves:
		e.Defiance = fmt.Errorf("%s, and the keys have no other copy: they move to other servers, and are misses "+
			"there", e.who())
	case len(e.Others) == 0:
		e.Defiance = fmt.Errorf("%s, and the keys have no other copy: clients would get errors", e.who())
	case bad >= 0 && !e.Others[bad].Up:
		e.Defiance = fmt.Errorf("%s %s, which has to answer for its keys, is %s: wait until it is up",
			e.Others[bad].Role, e.Others[bad].Address, e.Others[bad].State)
	case bad >= 0:
		e.Defiance = fmt.Errorf("%s %s, which has to answer for its keys, has not got all of them: wait until "+
			"`stats servers` shows 0 dirty_keys there, and no not_filled", e.Others[bad].Role, e.Others[bad].Address)
	}
	return e
}

// Unready says why a server of a pool should not be drained yet: one that has to answer for its keys is out of use,
// or lacks some of them. servers are those that are not drained. nil: nothing speaks against it, or its keys have no
// other copy, which does not change by waiting.
func Unready(pool string, servers []Server, address string) error {
	e := Judge(pool, servers, address, false)
	if len(e.Others) == 0 || e.Defiance == nil {
		return nil
	}
	return fmt.Errorf("pool %q: %s cannot be drained now: %w", pool, address, e.Defiance)
}

func (e *Effect) who() string {
	return fmt.Sprintf("%s has %.1f %% of the keys", e.Server.Address, 100*e.Share)
}

// String says in one line what changes, without the reason against it.
func (e *Effect) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pool %s, %s %s: ", e.Pool, e.Server.Role, e.Server.Address)
	if e.Drained != "" {
		fmt.Fprintf(&b, "drained already, %s", e.Drained)
		return b.String()
	}
	fmt.Fprintf(&b, "%.1f %% of the keys", 100*e.Share)
	if e.Server.Items > 0 {
		fmt.Fprintf(&b, ", %d items", e.Server.Items)
	}
	if len(e.Others) == 0 {
		b.WriteString(", no other copy")
		return b.String()
	}
	b.WriteString("; their other copies are on")
	for i, o := range e.Others {
		sep := " "
		if i > 0 {
			sep = ", "
		}
		fmt.Fprintf(&b, "%s%s %s (%s", sep, o.Role, o.Address, o.State)
		if o.Up && o.Missed {
			b.WriteString(", incomplete")
		}
		b.WriteString(")")
	}
	return b.String()
}

package owner

import "magent/internal/fleet/gate"

// stance is what a pool of a fleet does with requests.
type stance struct {
	kind  kind
	term  *gate.Term // of decides and cedes
	round int        // how often the configuration had changed (Change)
}

// kind is that of a pool of a fleet.
type kind uint8

const (
	refuses kind = iota // nothing is known of the fleet yet: requests are answered with an error
	relays              // another member decides, or will: requests are handed to it
	decides             // it decides
	cedes               // it decides, and finishes what is under way to hand over
	splits              // it is split: its groups do all this
)

// step is something that is done to a pool, to have it go over to another stance.
type step uint8

const (
	hold    step = iota // sessions begin nothing new
	finish              // repair pauses, and what is under way is waited for
	release             // the core is told that nothing is under way any more
	forgo               // likewise, for a term in which no pool has decided yet
	relay               // a pool that hands everything to the owner takes its place
	forget              // nobody looks for an owner any more
	build               // a pool that decides takes its place
	refit               // a pool that only finds groups takes its place
)

// steps returns what brings a pool from one stance to another. A pool whose term is over has been dropped already.
func steps(have, want stance) []step {
	same := have.term == want.term
	switch {
	case have == want || have.kind == cedes && want.kind == decides && same:
		return nil
	case want.kind == decides && !(have.kind == decides && same):
		return []step{hold, build}
	case want.kind == cedes && have.kind == decides && same:
		return []step{hold, finish, release}
	case want.kind == cedes:
		return []step{forgo}
	case want.kind == relays:
		return []step{hold, relay}
	case want.kind == splits:
		return []step{refit} // nothing is held: groups hold what is theirs
	case have.kind != refuses: // it is no group any more
		return []step{hold, relay, forget}
	}
	return nil
}

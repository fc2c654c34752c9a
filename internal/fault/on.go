//go:build faults

package fault

import (
	"os"
	"slices"
	"strings"
)

// The guards that are switched off.
var (
	Dirty    = off("dirty")    // a server is read although it is dirty
	Drain    = off("drain")    // a lost connection is closed, and a new one made at once
	Identity = off("identity") // a server that was restarted counts as the one before
	Refill   = off("refill")   // a copy is written although a mutation of its key passed
	CasTag   = off("castag")   // tokens carry no tag
	Order    = off("order")    // what was sent goes on as it was although another copy's word counts now
	Hide     = off("hide")     // a wrong value is not deleted before the key is used
	Sound    = off("sound")    // an answer counts although its copy is known to have been wrong
	Missed   = off("missed")   // what a server misses that is up is not noted
	Replaced = off("replaced") // a repair deletes what a client has stored meanwhile
	Underway = off("underway") // what was under way when a process was killed is left as it is
	HotKeys  = off("hotkeys")  // a mutation leaves its key in memory

	// Of a fleet.
	LeaseCommit = off("leasecommit") // a voter refuses a lease only once a newer view is committed
	LeaseWait   = off("leasewait")   // a successor does not wait for the end of the lease before it
	FleetLease  = off("fleetlease")  // an owner decides without a lease
	Fence       = off("fence")       // a successor does not look for connections of the dead
	GivenUp     = off("givenup")     // what may still be sent on a connection that was given up is not waited for
	Woken       = off("woken")       // a server that goes on is given no time to read what lies in its sockets
	Reading     = off("reading")     // replies are read although the lease may have ended
	BootTime    = off("boottime")    // the lease is checked by the time of the loop's turn
	Compare     = off("compare")     // a successor takes the copies for equal, whatever its predecessor has left
	Records     = off("records")     // replies leave before the members know what servers have missed
	Repaired    = off("repaired")    // a key that is repaired stays in the records as long as others are dirty
	Alone       = off("alone")       // the answer to a mutation does not wait until its key is on both copies again
	Announce    = off("announce")    // a connection is used before the members know its address
	SendOnce    = off("sendonce")    // a mutation that was sent goes to the next owner, too
	Hold        = off("hold")        // pools change while requests of clients are under way
	Ahead       = off("ahead")       // a record counts before the view in whose epoch it was made
)

func off(guard string) bool {
	return slices.Contains(strings.Split(os.Getenv("MAGENT_FAULT"), ","), guard)
}

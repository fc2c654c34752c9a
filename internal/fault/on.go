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
	CasMark  = off("casmark")  // tokens carry no mark
)

func off(guard string) bool {
	return slices.Contains(strings.Split(os.Getenv("MAGENT_FAULT"), ","), guard)
}

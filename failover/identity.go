package failover

import (
	"fmt"
	"hash/fnv"
)

// Identity names one run of a server: a restart changes it, a partition or a new connection does not. It is taken
// from the reply to stats. Two runs may share it (Greeting.Continues). The zero value: not known.
type Identity struct {
	PID   int64 // of the process
	Start int64 // when that began, as a Unix time in seconds: time less uptime
}

// String is the identity as stats servers shows it.
func (id Identity) String() string {
	if id == (Identity{}) {
		return "unknown"
	}
	return fmt.Sprintf("%d@%d", id.PID, id.Start)
}

// ParseIdentity reads what String has written. What is not of that form is an identity that is not known.
func ParseIdentity(s string) (id Identity) {
	if n, err := fmt.Sscanf(s, "%d@%d", &id.PID, &id.Start); n != 2 || err != nil {
		return Identity{}
	}
	return id
}

// tagBits is the size of a tag.
const tagBits = 15

// CasTag is a number of 15 bits for the server of that name in this run, never 0, and the same in every proxy that
// gives the server this name. It is 0 when the identity is not known.
func (id Identity) CasTag(server string) uint64 {
	if id == (Identity{}) {
		return 0
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %s", server, id)
	sum := h.Sum64()
	return max(1, (sum^sum>>tagBits^sum>>(2*tagBits))&(1<<tagBits-1))
}

package failover

import (
	"fmt"
	"hash/fnv"
)

// Identity names one run of a server: a restart changes it, a network partition or a new connection does
// not. It is taken from the reply to stats. Two runs may share it (see Greeting.Continues). The zero value
// means that it is not known.
type Identity struct {
	PID   int64 // process number
	Start int64 // when the process began, as a Unix time in seconds: the server's time less its uptime
}

// String returns the identity as "stats servers" shows it.
func (id Identity) String() string {
	if id == (Identity{}) {
		return "unknown"
	}
	return fmt.Sprintf("%d@%d", id.PID, id.Start)
}

// ParseIdentity is the inverse of String. For any other text it returns the zero Identity.
func ParseIdentity(s string) (id Identity) {
	if n, err := fmt.Sscanf(s, "%d@%d", &id.PID, &id.Start); n != 2 || err != nil {
		return Identity{}
	}
	return id
}

// tagBits is the number of bits of a tag.
const tagBits = 15

// CasTag returns a number of 15 bits, never 0, for the server of that name in this run. All proxies that give the
// server this name get the same number. It is 0 if the identity is not known.
func (id Identity) CasTag(server string) uint64 {
	if id == (Identity{}) {
		return 0
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %s", server, id)
	sum := h.Sum64()
	return max(1, (sum^sum>>tagBits^sum>>(2*tagBits))&(1<<tagBits-1))
}

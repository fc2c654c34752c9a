package replicate

import (
	"magent/ascii"
	"magent/internal/hot"
)

// The values of the keys that are asked for most are in memory (internal/hot), so that a get of one of them needs no
// server. A key is let in by a request of the engine itself (fill). Gets that come for it in the meantime wait for
// that one, too. Whatever changes what a get of the key would find is told to the hot.Cache.

// Memory is what an engine needs for that.
type Memory struct {
	Cache *hot.Cache   // nil: nothing is kept in memory
	Now   func() int64 // the loop's clock
	// May reports whether this process decides for the keys right now. nil: there is no fleet.
	May func() bool
}

// memory is the state of it.
type memory struct {
	Memory
	changes uint64  // failover.Machine.Changes when the cache was used last
	fills   []*fill // by number of the read; nil: it is not under way
	spare   []*fill

	req   ascii.Request // scratch
	line  []byte        // scratch: the command line of a fill
	reply []byte        // scratch: what a client gets
}

// fill is a read of a key that may be let in. It is the client of its own call.
type fill struct {
	read        int   // its number
	call        *Call // the request to a server
	first, last *Call // the gets that wait, linked by Call.waits
}

package forward

import "magent/internal/fault"

// End is what ends the wait for an answer.
type End uint8

const (
	// Returned: the owner has said that it has not carried out what it has not answered, and never will.
	Returned End = iota
	// Broken: the connection has ended in another way, or the owner is none any more and says nothing.
	Broken
	// Expired: the client waits no longer.
	Expired
)

// Fate is what becomes of a request that got no answer.
type Fate uint8

const (
	Again   Fate = iota // it goes to the next owner, in its place
	Unknown             // it may have been carried out: the client is told that nobody knows
	Undone              // it was not carried out, or changes nothing: the client gets an error
)

// Request is one that got no answer.
type Request struct {
	Mutation bool     // it may change something, so it must not be carried out twice
	Written  bool     // the owner may have got it
	Expired  bool     // the client waits no longer
	Keys     []string // its keys; none: it concerns all keys (flush_all)
}

// upon returns what becomes of one request, whatever the others are.
func (r Request) upon(e End) Fate {
	switch {
	case r.Mutation && r.Written && e != Returned && !fault.SendOnce:
		return Unknown
	case r.Expired || e == Expired:
		return Undone
	}
	return Again
}

// Fates returns what becomes of the requests of a connection, which are in the order in which they came.
//
// Those that are sent again keep their order. A mutation that is unknown may have been carried out, and then a read
// that was asked before it must not be repeated: it would see what its client has asked for later. So a read in front
// of an unknown mutation of one of its keys gets an error.
func Fates(e End, requests []Request) []Fate {
	fates := make([]Fate, len(requests))
	unknown, all := map[string]bool{}, false
	for i := len(requests) - 1; i >= 0; i-- {
		r := &requests[i]
		fates[i] = r.upon(e)
		switch {
		case fates[i] == Unknown:
			all = all || len(r.Keys) == 0
			for _, key := range r.Keys {
				unknown[key] = true
			}
		case fates[i] == Again && r.Written && e != Returned && (all || r.touches(unknown)):
			fates[i] = Undone
		}
	}
	return fates
}

func (r *Request) touches(keys map[string]bool) bool {
	for _, key := range r.Keys {
		if keys[key] {
			return true
		}
	}
	return len(r.Keys) == 0 && len(keys) > 0
}

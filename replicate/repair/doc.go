// Package repair knows what is wrong on the servers of a pool, and makes it good. The engine of a pool's requests
// (replicate) tells it what a server missed, and what passes on the way of a key.
//
//	keys that a server missed, or holds otherwise  deleted there, and copied from the other copy  dirty.go, copying.go
//	a server that comes back                       its dirty keys, then all that it lacks         resync.go, refill.go
//	flush_all                                      what other loops flush, and what has a delay    flush.go
//	what outlives the process                      is told a Recorder                              knowledge.go
//
// Everything here belongs to one loop. It goes over the connections that carry the requests for a key, too, so what
// is asked later comes behind it.
package repair

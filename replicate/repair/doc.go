// Package repair knows which keys are wrong on the servers of a pool, and repairs them. The engine of a pool's
// requests (replicate) tells it what a server missed, and which keys are being changed.
//
//	dirty keys             deleted, and copied from the other copy        dirty.go, erasure.go, copying.go
//	deleted keys           copied, when the server that has them is back  lacking.go
//	returning servers      their dirty keys, then everything they lack    returned.go, resync.go, refill.go
//	flush_all              by other loops, and with a delay               flush.go
//	records for a restart  written by a Recorder                          knowledge.go
//
// Everything here belongs to one loop. It uses the same connections as the requests of clients. So a request that is
// sent after a repair also reaches the server after it.
package repair

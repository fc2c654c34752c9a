// Package replicate keeps two copies of each key, on a primary and a backup memcached. It decides where a request
// goes, which reply the client sees, and what has to be repaired afterwards (replicate/repair).
//
// Engine.Do (do.go) carries out a request. decide.PlanOf chooses one of these plans for it:
//
//	read      one key from the lead, or from the other copy when that cannot answer          read.go
//	retrieve  many keys, split by server, asked in parallel, merged                         retrieve.go
//	mutate    to both copies in parallel; decide.Judge picks the reply                      mutate.go
//	compare   a mutation that depends on a cas token: the lead first, then the other copy   compare.go
//	flush     every server                                                                  flush.go
//
// The lead of a key is the authoritative copy: its reply decides what the client sees. Usually that is the primary.
// The other copy follows (Engine.place).
//
// Call.OnReply handles the servers' replies. What is decided without a server is in replicate/decide.
//
// Everything here belongs to one loop. A key is served by one loop only. Every server sees the mutations of a key
// in the order in which Do was called, because each loop has one connection to each server.
package replicate

// Package replicate makes a pair of memcacheds out of a primary and a backup. It decides where a request goes,
// which reply the client sees, and what has to be made good afterwards (replicate/repair).
//
// The path of a request is: Engine.Do (engine.go) chooses by planOf (plan.go) one of
//
//	read      one key from the lead, or from the other copy when that cannot answer          read.go
//	retrieve  many keys, split by server, asked in parallel, merged                         retrieve.go
//	mutate    to both copies in parallel; judge (verdict.go) picks the reply                mutate.go
//	compare   a mutation that depends on a cas token: the lead first, then the other copy   compare.go
//	flush     every server                                                                  flush.go
//
// The lead of a key is the copy whose word counts, in most cases its primary; the other one follows (Engine.place).
//
// Call.OnReply brings the servers' replies back to it. planOf, judge and merge are pure functions.
//
// Everything here belongs to one loop. A key is served by one loop only. Every server sees the mutations of a key
// in the order in which Do was called, because each goes over one connection per server and loop.
package replicate

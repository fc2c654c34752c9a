// Package failover knows which servers may be used. It decides and remembers; it does no I/O, reads no clock and
// starts nothing: time is an argument, and what it decides is carried out by others.
//
// Each loop has a Machine of its own, fed by that loop's connections:
//
//	         failures reach the limit, or a hard failure
//	up ------------------------------------------------> ejected
//	^                                                      |
//	+---------- a probe succeeded and a new connection ----+
//	            is established
//
// A soft failure is a reply deadline that passed: Limit of them in a row, with no reply between, eject. A hard
// failure is a refused, reset, timed-out or unparsable connection: it ejects at once.
package failover

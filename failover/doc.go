// Package failover decides which servers may be used, and remembers what they missed. It does no I/O, reads no clock
// and starts no goroutines: time is an argument, and others carry out what it decides.
//
// Each loop has a Machine of its own, fed by that loop's connections:
//
//	         failures reach the limit, or a hard failure
//	up ------------------------------------------------> ejected
//	^                                                      |
//	|  repaired                                            | a probe succeeded, and a
//	|                                                      | new connection is established
//	+---- returning, and warming if it is refilled <-------+
//
// A soft failure is a missed reply deadline. Options.Limit of them in a row, without a reply in between, eject the
// server. A hard failure is a connection that was refused, reset or timed out, or whose replies cannot be parsed. It
// ejects the server at once.
package failover

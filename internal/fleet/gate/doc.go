// Package gate is what event loops ask of a fleet's member without waiting for its goroutine: whether something may be
// sent to a server now, and whether what they have recorded is kept by all members. The member's goroutine publishes,
// loops read atomics. What loops record waits in a queue until the member's goroutine takes it.
//
// A Term is the right to decide for one group, from one Own decision on. Once a term has said no it says no for ever:
// who has lost the right for a moment begins a new term.
package gate

//go:build faults || race

package fault

// Strict makes a violated invariant a panic, instead of counting and repairing it.
const Strict = true

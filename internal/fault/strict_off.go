//go:build !faults && !race

package fault

// Strict is false: a violated invariant is counted and repaired, unless a test wants a panic.
const Strict = false

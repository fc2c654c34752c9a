//go:build !faults && !race

package fault

// Strict: what cannot be is counted and made good, unless a test wants it to be a panic.
const Strict = false

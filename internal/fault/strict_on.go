//go:build faults || race

package fault

// Strict: what cannot be is a panic, instead of being counted and made good.
const Strict = true

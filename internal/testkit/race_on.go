//go:build race

package testkit

// Raced: this is built with the race detector.
const Raced = true

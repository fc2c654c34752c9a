//go:build !race

package testkit

// raced: this is built with the race detector.
const raced = false

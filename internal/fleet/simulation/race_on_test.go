//go:build race

package simulation

// manySeeds is how many seeds are run where nobody says how many. All is one goroutine, in which there are no races.
const manySeeds = 20

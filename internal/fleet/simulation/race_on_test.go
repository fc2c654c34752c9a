//go:build race

package simulation

// manySeeds is how many seeds are run where nobody says how many.
const manySeeds = 100

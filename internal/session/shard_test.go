package session

import (
	"testing"

	"magent/internal/fleet/gate"
	"magent/internal/pool"
)

// The loops of a member of a fleet yield, and those of a single magent do not.
func TestLoopsOfAFleetYield(t *testing.T) {
	for _, g := range []*gate.Gate{nil, gate.New()} {
		sh, err := NewGroup(Options{}).NewShard(&pool.Process{Gate: g})
		if err != nil {
			t.Fatal(err)
		}
		defer sh.L.Discard()
		if fleet := g != nil; sh.L.Yields() != fleet {
			t.Errorf("in a fleet %v: yields %v", fleet, sh.L.Yields())
		}
	}
}

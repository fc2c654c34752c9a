package arch

import (
	"go/ast"
	"go/token"
	"slices"
	"testing"
)

// TestStatesOfServers: the words for the states of a server stand in two places, which a test in internal/status
// compares. Everything else refers to these.
func TestStatesOfServers(t *testing.T) {
	words := []string{`"up"`, `"ejected"`, `"returning"`, `"warming"`, `"drained"`}
	s := readSource(t)
	found := map[string]int{}
	s.all(func(f *file) {
		if f.isTest() || isBlackBox(f.folder) {
			return
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING || !slices.Contains(words, lit.Value) {
				return true
			}
			where := f.folder + "/" + f.name
			if where == "internal/config/pools_keys.go" {
				return true // a key of the file is called like a state
			}
			if where != "internal/stats/states.go" && where != "failover/machine.go" {
				t.Errorf("%s: %s: use the states of internal/stats or of failover", s.at(n.Pos()), lit.Value)
			}
			found[where]++
			return true
		})
	})
	for _, where := range []string{"internal/stats/states.go", "failover/machine.go"} {
		if found[where] != len(words) {
			t.Errorf("%s has %d states, want %d", where, found[where], len(words))
		}
	}
}

package pubsub

import (
	"testing"

	"pgregory.net/rapid"
)

// TestPending has servers asked, reply, and what comes behind wait, in random order. Each goes on once, when the last
// reply is there to what was asked before it at its server, and never waits for what was asked later.
func TestPending(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p Pending
		var asked []*Asked // without a reply
		type waiting struct {
			left map[*Asked]bool
			went int
		}
		var all []*waiting
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"ask", "reply", "follow"}).Draw(t, "step") {
			case "ask":
				asked = append(asked, p.Ask(rapid.IntRange(0, servers-1).Draw(t, "server")))
			case "reply":
				if len(asked) == 0 {
					continue
				}
				i := rapid.IntRange(0, len(asked)-1).Draw(t, "which")
				a := asked[i]
				asked = append(asked[:i:i], asked[i+1:]...)
				a.Replied()
				a.Replied() // which changes nothing
				for _, w := range all {
					delete(w.left, a)
				}
			case "follow":
				server := rapid.IntRange(Everywhere, servers-1).Draw(t, "server")
				w := &waiting{left: map[*Asked]bool{}}
				for _, a := range asked {
					if server == Everywhere || a.server == server {
						w.left[a] = true
					}
				}
				waits := p.Follow(server, func() { w.went++ })
				if waits != (len(w.left) > 0) || p.Any() != (len(asked) > 0) {
					t.Fatalf("server %d waits: %v, asked before are %d", server, waits, len(w.left))
				}
				if waits {
					all = append(all, w)
				}
			}
			for _, w := range all {
				if want := map[bool]int{true: 1}[len(w.left) == 0]; w.went != want {
					t.Fatalf("it went on %d times, and %d replies are missing", w.went, len(w.left))
				}
			}
		}
	})
}

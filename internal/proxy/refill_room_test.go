package proxy

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"magent/internal/refill"
	"magent/internal/session"
)

// Without room for a temporary file a server is filled all the same, with all keys.
func TestRefillWithoutRoomForAFile(t *testing.T) {
	t.Setenv("TMPDIR", "/no/such/folder")
	r, p, b := knownPair(t)
	r.on(0, func(*session.Shard) { r.svc.shared.Walks = refill.NewWalks(zerolog.Nop(), 300) })
	c := r.client()
	lived(c, p)
	var dump strings.Builder
	var want []string
	for i := range 500 {
		fmt.Fprintf(&dump, "key=key%d exp=-1 size=60\n", i)
		want = append(want, fmt.Sprintf("key%d", i))
	}
	b.dump.Store(dump.String() + "END\r\n")
	var mu sync.Mutex
	var asked []string
	b.answers(func(text string) string {
		mu.Lock()
		defer mu.Unlock()
		if w := strings.Fields(text); w[0] == "mg" {
			asked = append(asked, w[1])
		}
		return "EN\r\n"
	})
	p.restarts()
	r.eventually(0, "the new one is filled", func(sh *session.Shard) bool {
		p := sh.Pools[0]
		return p.Conns[0].Stats.Connects > 1 && p.Conns[0].Ready() && p.Health.Readable(0)
	})
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(want)
	slices.Sort(asked)
	if asked = slices.Compact(asked); !slices.Equal(asked, want) {
		t.Errorf("%d keys were copied of %d", len(asked), len(want))
	}
}

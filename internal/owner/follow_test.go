package owner

import (
	"context"
	"testing"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/view"
)

// A member that had given up waiting has its process take over what was decided after all. One that waits does that
// itself.
func TestLateIsFollowed(t *testing.T) {
	for _, loose := range []bool{true, false} {
		f := split(t, poolOf(t, "ab", "c"))
		withMember(t, f)
		read := make(chan struct{}, 1)
		f.o.Reload = func(context.Context) error { read <- struct{}{}; return nil }
		turn := planned(t, f, poolOf(t, "b", "c"))
		turn.loose.Store(loose)
		f.turn.Store(turn)
		f.member.Load().Ask(t.Context(), func(c *core.Core, _ time.Duration) {
			c.Offer(turn.Text, turn.Groups)
			f.settleTurn(c, &view.View{Pools: turn.Text, Turned: 9, Members: []view.Member{{Name: "a"}}}, "")
		})
		f.done.Wait()
		if !turn.Turned() || len(read) > 0 != loose {
			t.Errorf("loose %v: turned %v, followed %d times", loose, turn.Turned(), len(read))
		}
	}
}

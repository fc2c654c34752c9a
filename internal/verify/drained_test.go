package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"testing"
)

// A drained server is not connected to. Keys that have a copy there are counted, and neither compared nor repaired.
func TestDrained(t *testing.T) {
	t.Parallel()
	for _, repair := range []bool{false, true} {
		r := newRig(t)
		q := newFake(t)
		r.options.Repair = repair
		r.options.Primaries, r.options.PrimaryRing = servers(r.p, q), ringOf(t, "p", "q")
		r.options.Primaries[1].Drained = true
		r.options.Primaries[1].Dial = func(context.Context) (net.Conn, error) {
			return nil, errors.New("it is drained")
		}
		apart := 0
		for i := range 100 {
			key := fmt.Sprint("key", i)
			r.b.set(key, "v")
			if r.options.PrimaryRing.Pick(r.options.Hash([]byte(key))) == 1 {
				apart++
			} else {
				r.p.set(key, "v")
			}
		}
		result := r.run()
		r.wants(result)
		if result.Compared != 100-apart || apart == 0 || !maps.Equal(result.Drained, map[int]int{1: apart}) {
			t.Errorf("compared %d, drained %d; %d keys have a copy on the drained server", result.Compared,
				result.Drained, apart)
		}
		if n := len(q.asked); n > 0 {
			t.Errorf("the drained server was asked %d times", n)
		}
	}
}

func TestDrainedBackup(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.options.Backups[0].Drained = true
	r.p.set("key", "v")
	result := r.run()
	r.wants(result)
	if result.Compared != 0 || !maps.Equal(result.Drained, map[int]int{1: 1}) || len(r.b.asked) > 0 {
		t.Errorf("%+v, the drained backup was asked %q", result, r.b.asked)
	}
}

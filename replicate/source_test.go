package replicate

import (
	"fmt"
	"slices"
	"testing"
)

// TestReturnedServerIsNoSourceYet: the backup returns while the primary is away, and is asked to change keys that it
// had missed. Before it answers, the primary returns. Its values are older, and must not be copied to the backup.
// There are more keys than are repaired at once.
func TestReturnedServerIsNoSourceYet(t *testing.T) {
	t.Run("it stays", func(t *testing.T) { testNoSourceYet(t, false) })
	t.Run("it goes again", func(t *testing.T) { testNoSourceYet(t, true) })
}

func testNoSourceYet(t *testing.T, goesAgain bool) {
	r := newRig(t, rigOptions{limit: 1})
	defer r.close()
	const keys = 12
	all := func(format string) {
		for k := range keys {
			r.say(listener{r, "c"}, fmt.Sprintf(format, k))
		}
		r.settle()
	}
	serve := func(s *server) {
		for _, e := range slices.Clone(s.ends) {
			for len(e.asked) > 0 {
				e.execute()
			}
			e.send()
		}
		r.settle()
	}
	lose := func(s *server) {
		for len(s.ends) > 0 {
			s.last().close()
		}
		r.settle()
	}
	p, b := r.servers[0], r.servers[1]
	lose(b)
	all("set k%d 0 0 1\r\n1\r\n")
	serve(p)
	r.say(listener{r, "c"}, "get none\r\n")
	r.settle()
	lose(p)
	if r.health.Usable(0) || r.health.Usable(1) {
		t.Fatal("not both servers are out of use")
	}
	r.returns(1)
	r.settle()
	all("add k%d 0 0 1\r\n2\r\n")
	r.returns(0)
	r.settle()
	if goesAgain {
		for range 4 { // the repairs that the backup's return began; so nothing else has it go on
			b.last().execute()
		}
		b.last().send()
		r.settle()
		lose(p)
		if r.health.Usable(0) {
			t.Fatal("the primary is still in use")
		}
	}
	serve(p) // before the backup answers
	both := func() {
		for range 10 {
			serve(b)
			serve(p)
		}
	}
	both()
	if !r.health.Readable(1) {
		t.Error("the backup is not repaired")
	}
	r.returns(0)
	r.settle()
	both()
	for k := range keys {
		key := fmt.Sprintf("k%d", k)
		if v := b.mem.items[key].value; v == "1" {
			t.Errorf("%s has an older value on the backup than the one that was stored", key)
		}
		if v := p.mem.items[key].value; v == "1" {
			t.Errorf("%s has an older value on the primary than the one that was stored", key)
		}
	}
}

package repair

import (
	"testing"

	"magent/ascii"
)

// The table of what a copying does upon a reply.
func TestNext(t *testing.T) {
	const lost, hd, va, en, ns, refused = ascii.Lost, ascii.MetaHD, ascii.MetaVA, ascii.MetaEN, ascii.MetaNS,
		ascii.ServerError
	cannot := func(what ...step) (tried [giveUp]bool) {
		for _, w := range what {
			tried[w] = true
		}
		return tried
	}
	for _, c := range []struct {
		name string
		s    situation
		want step
	}{
		{"it has been replaced", situation{phase: over, reply: va}, ignore},
		{"it has been replaced, and is lost", situation{phase: over, reply: lost}, ignore},

		{"reading: a value", situation{reply: va}, write},
		{"reading: a value, for a fill", situation{reply: va, fill: true}, write},
		{"reading: a value that cannot be written", situation{reply: va, tried: cannot(write)}, giveUp},
		{"reading: a miss", situation{reply: en}, giveUp},
		{"reading: an error", situation{reply: refused}, giveUp},
		{"reading: a value that is old by now", situation{reply: va, overtaken: true}, readAgain},
		{
			"reading: an old value, and nobody to ask",
			situation{reply: va, overtaken: true, tried: cannot(readAgain)},
			giveUp,
		},
		{"reading: a miss that is old by now", situation{reply: en, overtaken: true}, readAgain},
		{"reading: a value, and a flush_all", situation{reply: va, flushed: true}, readAgain},
		{"reading: a miss, and a flush_all", situation{reply: en, flushed: true}, giveUp},
		{"reading: no reply", situation{reply: lost}, putOff},
		{"reading: no reply, and no later", situation{reply: lost, tried: cannot(putOff)}, giveUp},
		{
			"reading: no reply, overtaken, and no later",
			situation{reply: lost, overtaken: true, tried: cannot(putOff)},
			giveUp,
		},

		{"writing: stored", situation{phase: writing, reply: hd}, cleaned},
		{"writing: stored, dirty again", situation{phase: writing, reply: hd, again: true}, giveUp},
		{
			"writing: stored, dirty again and overtaken",
			situation{phase: writing, reply: hd, again: true, overtaken: true},
			readAgain,
		},
		{"writing: stored, overtaken", situation{phase: writing, reply: hd, overtaken: true}, cleaned},
		{"writing: stored, and a flush_all", situation{phase: writing, reply: hd, flushed: true}, readAgain},
		{
			"writing: stored, a flush_all, and nobody to ask",
			situation{phase: writing, reply: hd, flushed: true, tried: cannot(readAgain)},
			giveUp,
		},
		{"writing: refused", situation{phase: writing, reply: refused}, giveUp},
		{"writing: no reply", situation{phase: writing, reply: lost}, retry},

		{"filling: stored", situation{phase: writing, fill: true, reply: hd}, filled},
		{"filling: there is one", situation{phase: writing, fill: true, reply: ns}, filled},
		{"filling: no reply", situation{phase: writing, fill: true, reply: lost}, putOff},
		{
			"filling: no reply, and no later",
			situation{phase: writing, fill: true, reply: lost, tried: cannot(putOff)},
			giveUp,
		},
		{
			"filling a backup: deleted again",
			situation{phase: writing, fill: true, single: true, usable: true, again: true, reply: hd},
			readAgain,
		},
		{
			"filling a backup: deleted again, away",
			situation{phase: writing, fill: true, single: true, again: true, reply: hd},
			filled,
		},
		{
			"filling: deleted again in a resync",
			situation{phase: writing, fill: true, usable: true, again: true, reply: hd},
			filled,
		},
	} {
		if got := next(c.s); got != c.want {
			t.Errorf("%s: step %d, want %d", c.name, got, c.want)
		}
	}
}

// A copying ends, whichever of its steps are impossible. It never writes an old value, nor makes such a key clean.
func TestNextEnds(t *testing.T) {
	all := []bool{false, true}
	n := 0
	for p := reading; p <= over; p++ {
		for k := ascii.Lost; k <= ascii.Opaque; k++ {
			for bits := range 1 << 6 {
				bit := func(i int) bool { return all[bits>>i&1] }
				s := situation{
					phase: p, reply: k, fill: bit(0), single: bit(1), again: bit(2), overtaken: bit(3),
					flushed: bit(4), usable: bit(5),
				}
				what := next(s)
				for range giveUp {
					n++
					if what == write && (s.overtaken || s.flushed || s.phase != reading) {
						t.Errorf("%+v: an old value is written", s)
					}
					if what == cleaned && (s.again || s.flushed || s.phase != writing) {
						t.Errorf("%+v: a key is clean", s)
					}
					if what != putOff && what != readAgain && what != write {
						break
					}
					if s.tried[what] {
						t.Fatalf("%+v: %d is tried twice", s, what)
					}
					s.tried[what] = true
					what = next(s)
				}
			}
		}
	}
	if n < 1000 {
		t.Errorf("only %d steps", n)
	}
}

package replicate

import (
	"testing"

	"magent/ascii"
)

// The second step of a compare, in all situations.
func TestComparedNext(t *testing.T) {
	n := 0
	for kind := ascii.Lost; kind <= ascii.Opaque; kind++ {
		for bits := range 1 << 3 {
			n++
			s := compared{reply: kind, leads: bits&1 > 0, stales: bits&2 > 0, unsent: bits&4 > 0}
			stored := kind == ascii.Stored || kind == ascii.MetaHD || kind == ascii.MetaVA
			want := stepNone
			switch [4]bool{s.leads && kind != ascii.Lost, stored, s.stales, s.unsent} {
			case [4]bool{true, true, false, false}:
				want = stepSend
			case [4]bool{true, true, false, true}:
				want = stepMissed
			case [4]bool{true, true, true, false}, [4]bool{true, true, true, true}:
				want = stepDiscard
			}
			if !s.leads || kind == ascii.Lost {
				want = stepUnknown
			}
			got := s.next()
			if got != want {
				t.Errorf("%+v: step %d, want %d", s, got, want)
			}
			// A step that can fail is not taken twice.
			if s.unsent && got == stepSend {
				t.Errorf("%+v: it is sent again", s)
			}
		}
	}
	if n < 8*10 {
		t.Errorf("only %d situations", n)
	}
}

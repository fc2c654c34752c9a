package decide

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
			s := Compared{Reply: kind, Leads: bits&1 > 0, Stales: bits&2 > 0, Unsent: bits&4 > 0}
			stored := kind == ascii.Stored || kind == ascii.MetaHD || kind == ascii.MetaVA
			want := StepNone
			switch [4]bool{s.Leads && kind != ascii.Lost, stored, s.Stales, s.Unsent} {
			case [4]bool{true, true, false, false}:
				want = StepSend
			case [4]bool{true, true, false, true}:
				want = StepMissed
			case [4]bool{true, true, true, false}, [4]bool{true, true, true, true}:
				want = StepDiscard
			}
			if !s.Leads || kind == ascii.Lost {
				want = StepUnknown
			}
			got := s.Next()
			if got != want {
				t.Errorf("%+v: step %d, want %d", s, got, want)
			}
			// A step that can fail is not taken twice.
			if s.Unsent && got == StepSend {
				t.Errorf("%+v: it is sent again", s)
			}
		}
	}
	if n < 8*10 {
		t.Errorf("only %d situations", n)
	}
}

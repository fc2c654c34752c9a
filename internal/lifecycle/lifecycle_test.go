package lifecycle

import "testing"

// All phases, and what becomes of each upon each event.
func TestPhaseNext(t *testing.T) {
	events := []Event{InputEnds, ServiceEnds, OutputEnds, ClientLost, SocketCloses}
	for _, row := range []struct {
		p    Phase
		want []Phase // by event
	}{
		{Open, []Phase{Ending, Closing, Lingering, Failed, Closed}},
		{Ending, []Phase{Ending, Closing, Lingering, Failed, Closed}},
		{Closing, []Phase{Closing, Closing, Lingering, Failed, Closed}},
		{Lingering, []Phase{Lingering, Lingering, Lingering, Failed, Closed}},
		{Failed, []Phase{Failed, Failed, Failed, Failed, Closed}},
		{Closed, []Phase{Closed, Closed, Closed, Closed, Closed}},
	} {
		for _, e := range events {
			if got := row.p.Next(e); got != row.want[e] {
				t.Errorf("phase %d, event %d: %d, want %d", row.p, e, got, row.want[e])
			}
		}
	}
}

// every calls f with all situations of a session that is not closed.
func every(f func(Situation)) {
	for p := Open; p < Closed; p++ {
		for r := Flowing; r <= Yielded; r++ {
			for c := There; c <= Gone; c++ {
				for bits := range 1 << 3 {
					bit := func(i int) bool { return bits>>i&1 == 1 }
					f(Situation{Phase: p, Reading: r, Peer: c, Full: bit(0), Answered: bit(1), Sent: bit(2)})
				}
			}
		}
	}
}

// The table of steps, as rows of which the first that fits counts. Each situation fits one, and each row is
// needed.
func TestNextStep(t *testing.T) {
	type row struct {
		name string
		fits func(Situation) bool
		want Step
	}
	rows := []row{
		{"the client is lost", func(s Situation) bool { return s.Phase == Failed }, Give},
		{"its end is waited for", func(s Situation) bool { return s.Phase == Lingering }, Stay},
		{"requests wait for the next turn", func(s Situation) bool { return s.Reading == Yielded }, Stay},
		{
			"requests wait, and there is no room", func(s Situation) bool { return s.Reading == Paused && s.Full },
			LineUp,
		},
		{"requests wait, and there is room", func(s Situation) bool { return s.Reading == Paused }, Resume},
		{"the client has gone", func(s Situation) bool { return s.Phase == Open && s.Peer == Gone }, ReadOn},
		{"nothing has to be done", func(s Situation) bool { return s.Phase == Open }, Stay},
		{"it ends, and answers are to come", func(s Situation) bool { return !s.Answered }, Stay},
		{"it ends, and replies are to be sent", func(s Situation) bool { return !s.Sent }, Stay},
		{"it ends, and all is done", func(Situation) bool { return true }, Leave},
	}
	used := map[string]int{}
	every(func(s Situation) {
		for _, r := range rows {
			if !r.fits(s) {
				continue
			}
			used[r.name]++
			if got := s.Next(); got != r.want {
				t.Errorf("%+v (%s): step %d, want %d", s, r.name, got, r.want)
			}
			return
		}
	})
	for _, r := range rows {
		if used[r.name] == 0 {
			t.Errorf("no situation is like this: %s", r.name)
		}
	}
}

// What holds in all situations: nobody leaves while something is owed to him, and nothing is served that must not be.
func TestNextStepHolds(t *testing.T) {
	n := 0
	every(func(s Situation) {
		n++
		got := s.Next()
		if got == Leave && (s.Phase == Open || s.Reading != Flowing || !s.Answered || !s.Sent) {
			t.Errorf("%+v: it leaves, and something is left to do", s)
		}
		if (got == Give) != (s.Phase == Failed) {
			t.Errorf("%+v: step %d; it is given up exactly when the client is lost", s, got)
		}
		if got == Resume && (s.Reading != Paused || s.Full) {
			t.Errorf("%+v: it resumes", s)
		}
		if got == ReadOn && (s.Phase != Open || s.Reading != Flowing) {
			t.Errorf("%+v: it reads on", s)
		}
		if got == Stay && s.Reading == Paused && s.Phase < Lingering {
			t.Errorf("%+v: nobody has it resumed", s)
		}
	})
	if want := 5 * 3 * 3 * 8; n != want {
		t.Errorf("%d situations, want %d", n, want)
	}
}

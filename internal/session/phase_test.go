package session

import "testing"

// All phases, and what becomes of each upon each event.
func TestPhaseNext(t *testing.T) {
	events := []event{inputEnds, serviceEnds, outputEnds, clientLost, socketCloses}
	for _, row := range []struct {
		p    phase
		want []phase // by event
	}{
		{open, []phase{ending, closing, lingering, failed, closed}},
		{ending, []phase{ending, closing, lingering, failed, closed}},
		{closing, []phase{closing, closing, lingering, failed, closed}},
		{lingering, []phase{lingering, lingering, lingering, failed, closed}},
		{failed, []phase{failed, failed, failed, failed, closed}},
		{closed, []phase{closed, closed, closed, closed, closed}},
	} {
		for _, e := range events {
			if got := row.p.next(e); got != row.want[e] {
				t.Errorf("phase %d, event %d: %d, want %d", row.p, e, got, row.want[e])
			}
		}
	}
}

// every calls f with all situations in which Flush may find a session that is not closed.
func every(f func(situation)) {
	for p := open; p < closed; p++ {
		for r := flowing; r <= yielded; r++ {
			for c := there; c <= gone; c++ {
				for bits := range 1 << 3 {
					bit := func(i int) bool { return bits>>i&1 == 1 }
					f(situation{phase: p, reading: r, peer: c, full: bit(0), answered: bit(1), sent: bit(2)})
				}
			}
		}
	}
}

// The table of what Flush does, as rows of which the first that fits counts. Each situation fits one, and each row is
// needed.
func TestNextStep(t *testing.T) {
	type row struct {
		name string
		fits func(situation) bool
		want step
	}
	rows := []row{
		{"the client is lost", func(s situation) bool { return s.phase == failed }, give},
		{"its end is waited for", func(s situation) bool { return s.phase == lingering }, stay},
		{"requests wait for the next turn", func(s situation) bool { return s.reading == yielded }, stay},
		{
			"requests wait, and there is no room", func(s situation) bool { return s.reading == paused && s.full },
			lineUp,
		},
		{"requests wait, and there is room", func(s situation) bool { return s.reading == paused }, resume},
		{"the client has gone", func(s situation) bool { return s.phase == open && s.peer == gone }, readOn},
		{"nothing has to be done", func(s situation) bool { return s.phase == open }, stay},
		{"it ends, and answers are to come", func(s situation) bool { return !s.answered }, stay},
		{"it ends, and replies are to be sent", func(s situation) bool { return !s.sent }, stay},
		{"it ends, and all is done", func(situation) bool { return true }, leave},
	}
	used := map[string]int{}
	every(func(s situation) {
		for _, r := range rows {
			if !r.fits(s) {
				continue
			}
			used[r.name]++
			if got := s.next(); got != r.want {
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
	every(func(s situation) {
		n++
		got := s.next()
		if got == leave && (s.phase == open || s.reading != flowing || !s.answered || !s.sent) {
			t.Errorf("%+v: it leaves, and something is left to do", s)
		}
		if (got == give) != (s.phase == failed) {
			t.Errorf("%+v: step %d; it is given up exactly when the client is lost", s, got)
		}
		if got == resume && (s.reading != paused || s.full) {
			t.Errorf("%+v: it resumes", s)
		}
		if got == readOn && (s.phase != open || s.reading != flowing) {
			t.Errorf("%+v: it reads on", s)
		}
		if got == stay && s.reading == paused && s.phase < lingering {
			t.Errorf("%+v: nobody has it resumed", s)
		}
	})
	if want := 5 * 3 * 3 * 8; n != want {
		t.Errorf("%d situations, want %d", n, want)
	}
}

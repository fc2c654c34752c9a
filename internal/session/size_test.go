package session

import (
	"testing"
	"unsafe"

	"magent/internal/loop"
)

// There is a session for each client, most of which are idle. These are sizes in which Go allocates. Whoever needs one
// byte more has each client cost the next size: put it behind a pointer, as in extra.
func TestSizeOfAnIdleSession(t *testing.T) {
	const session, stream = 240, 48
	if n := unsafe.Sizeof(Session{}); n > session {
		t.Errorf("a session has %d bytes, more than %d", n, session)
	}
	if n := unsafe.Sizeof(loop.Stream{}); n > stream {
		t.Errorf("its stream has %d bytes, more than %d", n, stream)
	}
}

// What is there of a request that has arrived in part is given back when nothing of it is kept or to be dropped.
func TestNothingIsHeldInPart(t *testing.T) {
	sh := &Shard{partials: loop.NewFree[partial](nil)}
	s := &Session{sh: sh}
	s.setNeed(0)
	if s.partial != nil {
		t.Error("nothing has arrived, and something is held for it")
	}
	s.setNeed(7)
	p := s.partial
	p.skip.Bytes = 1
	if s.endPart(); s.need() != 0 || !s.skips() {
		t.Errorf("need %d, skips %v; want 0, and what is to be dropped", s.need(), s.skips())
	}
	p.skip.Bytes = 0
	if s.endPart(); s.partial != nil || s.inPart() != p || *p != (partial{}) {
		t.Error("it is not used again, or not empty")
	}
}

// Sessions that end in any order leave the others where they are found.
func TestSessionsKnowTheirIndex(t *testing.T) {
	sh := &Shard{}
	var all [4]Session
	for i := range all {
		sh.add(&all[i])
	}
	for _, i := range []int{1, 3, 0, 2} {
		sh.remove(&all[i])
		for at, s := range sh.sessions {
			if s == &all[i] || int(s.index) != at {
				t.Errorf("after %d has ended, the session at %d says %d", i, at, s.index)
			}
		}
	}
	if len(sh.sessions) != 0 {
		t.Errorf("%d sessions are left", len(sh.sessions))
	}
}

// Whichever sessions are closed while a loop goes over all of them, it meets each of the others.
func TestSessionsEndMeanwhile(t *testing.T) {
	for _, c := range []struct{ at, closes []int }{
		{[]int{0, 1, 2, 3}, []int{0, 1, 2, 3}}, // each closes itself
		{[]int{3}, []int{0}},
		{[]int{2}, []int{3}},
		{[]int{1}, []int{2}},
		{[]int{3, 3, 3}, []int{3, 2, 1}},
	} {
		sh := &Shard{}
		var all [4]Session
		for i := range all {
			sh.add(&all[i])
		}
		left, met := map[*Session]bool{}, map[*Session]bool{}
		for i := range all {
			left[&all[i]] = true
		}
		for s := range sh.all() {
			met[s] = true
			for i, at := range c.at {
				if end := &all[c.closes[i]]; s == &all[at] && left[end] {
					sh.remove(end)
					delete(left, end)
				}
			}
		}
		for s := range left {
			if !met[s] {
				t.Errorf("%v close %v: one that stayed was not met", c.at, c.closes)
			}
		}
		if len(sh.sessions) != len(left) {
			t.Errorf("%v close %v: %d sessions stay, want %d", c.at, c.closes, len(sh.sessions), len(left))
		}
	}
}

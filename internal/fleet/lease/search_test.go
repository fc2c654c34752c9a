package lease

import (
	"fmt"
	"testing"
	"time"
)

// The search goes through all states of an owner M (voter 0), the leader of raft (voter 1) and another voter. Messages
// may take any time, and may arrive in any order, twice or never. The search drives the code of this package, not a
// copy of it. Times are ticks, and short: a lease of 3 is held for 2 and waited for 3.
const (
	length  = time.Duration(3)
	horizon = 9
	rounds  = 3
	old     = 1 // index of the view in which M is the owner
	new_    = 2 // of the view that takes the group from it
)

// state is comparable, so that it can be found again.
type state struct {
	now       int8
	sent      [rounds]int8 // when M sent its rounds
	n         int8         // how many
	granted   [3]uint8     // by voter: the rounds that it has acknowledged, a bit each
	acked     [3]int8      // by voter: the last of those that M knows of, by the time of sending
	newest    [3]bool      // the new view is in the voter's log
	committed [3]bool      // and the voter knows that it is committed
	learned   int8         // when the leader learned that; 0: it is not
	lost      bool
}

// rule is how the parts of the package are used. The right one is as the core does; the others are the mistakes
// that there are to make.
type rule struct {
	grants func(newest, committed, known uint64) bool
	base   func(sent, now int8) int8 // from what the lease counts
	begin  func(learned time.Duration) time.Duration
	lost   bool // what was lost stays lost
}

func right() rule {
	return rule{
		grants: Grants,
		base:   func(sent, _ int8) int8 { return sent },
		begin:  func(learned time.Duration) time.Duration { return Begin(learned, length) },
		lost:   true,
	}
}

// owner is the real owner with what M knows.
func (s *state) owner() *Owner {
	o := owner(0, 1, 2)
	for voter, sent := range s.acked {
		if sent > 0 {
			o.Ack(uint64(voter), time.Duration(sent))
		}
	}
	return o
}

// holds asks the real owner, and keeps what it must remember.
func (s *state) holds(r rule) bool {
	o := s.owner()
	held := o.Holds(time.Duration(s.now), length)
	s.lost = s.lost || o.Lost() && r.lost
	return held && !s.lost
}

func (s *state) grants(r rule, voter int) bool {
	index := func(has bool) uint64 {
		if has {
			return new_
		}
		return old
	}
	return r.grants(index(s.newest[voter]), index(s.committed[voter]), old)
}

// next lists the states that can follow.
func (s *state) next(r rule, add func(state)) {
	if s.now < horizon {
		n := *s
		n.now++
		n.holds(r)
		add(n)
	}
	s.renewals(r, add)
	s.views(add)
}

func (s *state) renewals(r rule, add func(state)) {
	if h := *s; s.n < rounds && h.holds(r) {
		n := *s
		n.sent[n.n] = n.now
		n.n++
		add(n)
	}
	for round := range s.n {
		for voter := range 3 {
			n := *s
			switch bit := uint8(1) << round; {
			case s.granted[voter]&bit == 0:
				if s.grants(r, voter) {
					n.granted[voter] |= bit
					add(n)
				}
			case r.base(s.sent[round], s.now) > s.acked[voter]:
				n.acked[voter] = max(n.acked[voter], r.base(s.sent[round], s.now))
				add(n)
			}
		}
	}
}

// views: the leader appends the new view at any time, the others follow, and it is committed by two of three. As
// long as it is in the leader's log alone it may also be overwritten by another leader's.
func (s *state) views(add func(state)) {
	for voter := range 3 {
		n := *s
		switch {
		case !s.newest[voter] && (voter == 1 || s.newest[1]):
			n.newest[voter] = true
			add(n)
		case s.newest[voter] && !s.committed[voter] && s.committed[1]:
			n.committed[voter] = true
			add(n)
		}
	}
	if s.newest[1] && !s.newest[0] && !s.newest[2] {
		n := *s
		n.newest[1] = false
		add(n)
	}
	if s.newest[1] && !s.committed[1] && (s.newest[0] || s.newest[2]) {
		n := *s
		n.committed[1], n.learned = true, s.now
		add(n)
	}
}

// search returns how many states there are, and one in which two decide.
func search(r rule) (states int, bad string) {
	start := state{now: 1, n: 1, sent: [rounds]int8{1}, granted: [3]uint8{1, 1, 1}, acked: [3]int8{1, 1, 1}}
	seen := map[state]bool{start: true}
	queue := []state{start}
	for len(queue) > 0 {
		s := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		h := s
		if s.learned > 0 && time.Duration(s.now) >= r.begin(time.Duration(s.learned)) && h.holds(r) {
			return len(seen), fmt.Sprintf("%+v", s)
		}
		s.next(r, func(n state) {
			if !seen[n] {
				seen[n] = true
				queue = append(queue, n)
			}
		})
	}
	return len(seen), ""
}

// Never do two decide; and each part of the rule is needed.
func TestAllStates(t *testing.T) {
	states, bad := search(right())
	t.Logf("%d states", states)
	if bad != "" || states < 100_000 {
		t.Errorf("of %d states: %s", states, bad)
	}
	for name, spoil := range map[string]func(*rule){
		"refuse once committed": func(r *rule) {
			r.grants = func(_, committed, known uint64) bool { return committed <= known }
		},
		"count from the ack": func(r *rule) { r.base = func(_, now int8) int8 { return now } },
		"no wait":            func(r *rule) { r.begin = func(learned time.Duration) time.Duration { return learned } },
	} {
		r := right()
		spoil(&r)
		if states, bad := search(r); bad == "" {
			t.Errorf("%s: not found in %d states", name, states)
		}
	}
}

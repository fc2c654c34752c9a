package verify

import (
	"bytes"
	"slices"
	"time"

	"magent/internal/pause"
)

// A difference is believed when three readings in a row have found it, and the same cas tokens, so that nobody wrote the key
// meanwhile: a write that is on its way to the second copy is none.
const (
	readings    = 3
	interval    = 50 * time.Millisecond // between them
	maxRounds   = 20                    // a key that is written all the time is given up
	maxTries    = 3                     // to mend a key
	maxSuspects = 10_000                // so many are looked at again together
	settleKeys  = 32                    // of them are asked for at once
)

// suspect is a key whose copies seem to differ.
type suspect struct {
	pair
	kind           Kind
	pToken, bToken uint64 // 0 where the server has not got the key
	seen           int    // readings in a row that found these
	rounds         int

	believed Kind // what it was when it was first believed, or Same
	tries    int
	trouble  string // the last thing that kept it from being mended
	added    uint64 // the token of the copy that was added, or 0
	addedTo  int    // the server that was given it
	undone   bool   // the added copy was deleted again
	refused  uint64 // the token of the last item that was not deleted, as it had another token, or 0
}

func newSuspect(x pair) *suspect {
	x.key = bytes.Clone(x.key)
	return &suspect{pair: x}
}

// saw notes a reading.
func (s *suspect) saw(kind Kind, pToken, bToken uint64) {
	if s.pToken != pToken || s.bToken != bToken {
		s.seen = 0
	}
	s.kind, s.pToken, s.bToken = kind, pToken, bToken
	s.seen++
	s.rounds++
}

// settle reads the suspects again until each is cleared, found to differ, or mended.
func (v *verifier) settle() error {
	for len(v.suspects) > 0 {
		if err := pause.For(v.ctx, interval); err != nil {
			return err
		}
		all := v.suspects
		v.suspects = nil
		for some := range slices.Chunk(all, min(settleKeys, v.batch.most)) {
			if err := v.readAgain(some); err != nil {
				return err
			}
		}
	}
	return nil
}

// readAgain reads some suspects once more. Those that are not decided stay suspects.
func (v *verifier) readAgain(some []*suspect) error {
	pairs := make([]pair, len(some))
	for i, s := range some {
		pairs[i] = s.pair
	}
	i := 0
	err := v.readPairs(pairs, func(_ pair, p, b *item) {
		if s := some[i]; !v.decide(s, p, b) {
			v.suspects = append(v.suspects, s)
		}
		i++
	})
	if err != nil {
		return err
	}
	if v.removing > v.mayRemove {
		return &Refusal{Deleted: v.mayRemove, Compared: v.result.Compared, late: true}
	}
	return v.mend()
}

// decide takes the next reading of a suspect and reports whether there is nothing left to do for it.
func (v *verifier) decide(s *suspect, p, b *item) (done bool) {
	kind := judge(p, b)
	switch {
	case kind == unsure:
		v.result.Unsure++
		return true
	case kind == Same:
		if s.tries > 0 && !s.undone {
			v.report(s, s.believed, true)
		}
		return true
	case s.overtaken(p, b) && s.rounds < maxRounds:
		v.undo(s)
		return false
	}
	s.saw(kind, p.token, b.token)
	switch {
	case s.seen < readings && s.rounds < maxRounds:
		return false
	case s.seen < readings && s.believed == Same:
		v.result.Unsure++
		return true
	case s.seen < readings || !v.o.Repair || s.tries == maxTries:
		v.report(s, kind, false)
		return true
	}
	if s.believed == Same {
		s.believed = kind
	}
	v.plan(s, p, b)
	return false
}

// report counts a key and tells of it.
func (v *verifier) report(s *suspect, kind Kind, repaired bool) {
	v.result.Differ[kind]++
	if kind == OnlyBackup {
		v.link(s.pair).Lacking++
	}
	f := Finding{Kind: kind, Key: s.key, Primary: v.conns[s.p].name, Backup: v.conns[s.b].name, Repaired: repaired}
	if repaired {
		v.result.Repaired++
	} else {
		f.Trouble = s.trouble
	}
	if v.o.Found != nil {
		v.o.Found(f)
	}
}

package verify

import (
	"slices"
	"time"

	"magent/internal/pause"
)

// A difference counts only if several readings in a row have found it with the same cas tokens, which means that
// nobody has written the key. Otherwise a write may have been on its way to the second copy.
const (
	readings    = 3
	interval    = 50 * time.Millisecond // the pause between two readings
	maxRounds   = 20                    // the largest number of readings; a key may be written all the time
	maxTries    = 3                     // the largest number of attempts to repair a key
	maxSuspects = 10_000                // with so many suspects, they are settled before the listing goes on
	settleKeys  = 32                    // the number of suspects that are read at once
)

// settle reads the suspects again until each turns out to be equal or different, or is repaired.
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

// readAgain reads some suspects once more, and sends repairs. Those that are not decided stay suspects.
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
	if max(v.removing, v.replacing) > v.mayChange {
		return &Refusal{Compared: v.result.Compared, late: true}
	}
	if len(v.repairs) > 0 {
		if err := v.unsettled(); err != nil {
			return err
		}
	}
	return v.sendRepairs()
}

// decide handles the next reading of a suspect. It reports whether the suspect is done.
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
	s.lost = kind == OnlyBackup && v.result.Starts[s.p].hasLost(b.idle, time.Now())
	switch {
	case s.seen < readings && s.rounds < maxRounds:
		return false
	case s.seen < readings && s.believed == Same:
		v.result.Unsure++
		return true
	case s.seen < readings || !v.o.Repair || s.tries == maxTries:
		v.report(s, kind, false)
		return true
	case v.spares(s):
		s.trouble = "its primary was started after its backup, add --fill or --force"
		v.report(s, kind, false)
		return true
	}
	if s.believed == Same {
		s.believed = kind
	}
	v.plan(s, p, b)
	return false
}

// report counts a key that differs, and passes it to Options.Found.
func (v *verifier) report(s *suspect, kind Kind, repaired bool) {
	v.result.Differ[kind]++
	if kind == OnlyBackup {
		v.link(s.pair).Lacking++
		if s.lost {
			v.link(s.pair).Lost++
		}
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

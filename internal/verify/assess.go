package verify

import "time"

// A repair deletes keys on the backup that the primary does not have. This is right if the keys were deleted. It is
// wrong if the primary has lost them, or if the given servers or placement are not those of the proxy.
//
// So a copy that was stored before the primary was started is never deleted: the primary gets it. And a repair first
// counts, without changing anything, and refuses to go on if the result looks wrong.
//
// It also overwrites copies on the backup. This is wrong if the primary has missed the last writes. A running magent
// knows that (Options.Settled). If there is none, many such copies look wrong, too.

// assess decides about a repair from r, the result of a run that changed nothing. fill means that nothing will be
// deleted, because the primaries get what they lack. alone means that no magent was asked. It returns the reason not
// to repair, or nil.
func assess(r *Result, fill, alone bool) *Refusal {
	no := &Refusal{Compared: r.Compared}
	for _, n := range r.Misplaced {
		no.Misplaced += n
	}
	if !fill {
		no.count(r)
	}
	if n := r.overwritten(); alone && tooMany(n, r.Compared) {
		no.Overwritten = n
	}
	if no.Misplaced == 0 && no.Doubtful == 0 && no.Overwritten == 0 && !no.tooMany() {
		return nil
	}
	return no
}

// overwritten returns how many copies a repair would overwrite with something else.
func (r *Result) overwritten() int { return r.Differ[Value] + r.Differ[Flags] + r.Differ[TTL] }

// count adds up what a repair would delete.
func (e *Refusal) count(r *Result) {
	for link, n := range r.Links {
		deleted := n.Lacking - n.Lost
		e.Deleted += deleted
		if r.doubtful(link) {
			e.Doubtful += deleted
		}
	}
}

// doubtful reports whether the link's primary was started after the backup. What it lacks it may have lost.
func (r *Result) doubtful(link Link) bool { return r.Starts[link.Primary].after(r.Starts[link.Backup]) }

// spares reports whether a repair leaves the suspect alone, because only the user can tell what is right.
func (v *verifier) spares(s *suspect) bool {
	return s.kind == OnlyBackup && !s.lost && !v.o.Fill && !v.o.Force && v.result.doubtful(Link{s.p, s.b})
}

// losses returns the links whose primaries get lost keys although Options.Fill is not set.
func (v *verifier) losses() (all []Loss) {
	for i := range v.o.Primaries {
		for j := range v.o.Backups {
			link := Link{i, len(v.o.Primaries) + j}
			if n := v.result.Links[link]; n != nil && n.Lost > 0 && !v.o.Fill {
				later := v.result.Starts[link.Primary].Earliest.Sub(v.result.Starts[link.Backup].Earliest)
				all = append(all, Loss{
					Primary: v.server(link.Primary).Name, Backup: v.server(link.Backup).Name,
					Later: later, Lost: n.Lost, Held: n.Held,
				})
			}
		}
	}
	return all
}

// askEvery is how often a magent is asked while copies are repaired.
const askEvery = time.Second

// unsettled asks whether copies may be repaired, if that was not asked just now. It returns a *Refusal.
func (v *verifier) unsettled() error {
	if v.o.Settled == nil || time.Since(v.asked) < askEvery {
		return nil
	}
	if err := v.o.Settled(v.ctx); err != nil && v.ctx.Err() == nil {
		return &Refusal{Compared: v.result.Compared, Reason: err}
	}
	v.asked = time.Now()
	return nil
}

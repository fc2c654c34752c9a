package hearing

import "slices"

// Ear is what a process says of itself.
type Ear struct {
	Name        string
	Incarnation uint64
	Witness     bool   // it keeps and asks for nothing, so it need not hear other members
	Joins       bool   // who takes part already stays
	Leads       bool   // who leads the agreement has to be heard by all, and stays
	Serial      uint64 // in how many ticks this process has said hello
	// Hears has the incarnations of those whose hellos it has had within Limit ticks of its own. nil: it does not say,
	// like an older version, and counts as one that hears all.
	Hears []uint64
}

// hears tells whether a process hears another one, as far as it says.
func (e *Ear) hears(o *Ear) bool {
	return e.Hears == nil || slices.Contains(e.Hears, o.Incarnation)
}

// needs tells whether two processes have to hear each other.
func (e *Ear) needs(o *Ear) bool {
	return e.Name != o.Name && (e.Leads || o.Leads || !e.Witness && !o.Witness)
}

// Settled tells whether both have been there for long enough to be heard.
func (e *Ear) Settled(o *Ear) bool { return min(e.Serial, o.Serial) > Limit }

// Apart returns the first of those who take part that a process does not hear, or is not heard by. nil: it may join
// them.
func Apart(all []Ear, e *Ear) *Ear {
	for i := range all {
		if o := &all[i]; e.needs(o) && !(e.hears(o) && o.hears(e)) {
			return o
		}
	}
	return nil
}

// Worst returns who of those who take part should do so no more, and one of those from whom it is apart. It is who
// does not hear the leader, else who is apart from the most, and of two the later one. nil: all hear each other.
func Worst(all []Ear) (worst, from *Ear) {
	most := 1
	for i := range all {
		e, n, other := &all[i], 0, (*Ear)(nil)
		for j := range all {
			o := &all[j]
			if !e.needs(o) || !e.Settled(o) || e.hears(o) && o.hears(e) {
				continue
			}
			if n++; other == nil || o.Leads {
				other = o
			}
			if o.Leads && !e.hears(o) {
				n += len(all)
			}
		}
		if n > 0 && e.Joins {
			n += len(all)
		}
		if n >= most && !e.Leads {
			worst, from, most = e, other, n
		}
	}
	return worst, from
}

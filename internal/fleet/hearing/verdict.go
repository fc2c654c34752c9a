package hearing

// Verdict is who does not hear whom for long enough. A leader that goes on after a pause reads at once what others
// have said meanwhile: that they hear it no more. They hear it again a moment later.
type Verdict struct {
	of    uint64 // incarnation of who is Worst
	ticks int    // for how many it has been, after the first one
}

// Note is called in every tick.
func (v *Verdict) Note(all []Ear) {
	worst, _ := Worst(all)
	switch {
	case worst == nil:
		*v = Verdict{}
	case worst.Incarnation != v.of:
		*v = Verdict{of: worst.Incarnation}
	default:
		v.ticks++
	}
}

// Worst is as the function of that name, but nobody as long as it has not been the same for more than Fresh ticks.
func (v *Verdict) Worst(all []Ear) (worst, from *Ear) {
	worst, from = Worst(all)
	if worst == nil || worst.Incarnation != v.of || v.ticks <= Fresh {
		return nil, nil
	}
	return worst, from
}

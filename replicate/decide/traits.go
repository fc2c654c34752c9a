package decide

import (
	"bytes"

	"magent/ascii"
)

// Traits are the properties of a mutation that decide how its two copies are kept alike.
type Traits struct {
	Blind    bool // neither its effect nor its answer depends on the old value
	Whole    bool // if it is stored, nothing is left of the old value
	Removes  bool // nothing is left of the key afterwards, whatever the answer is
	Diverges bool // the copies may end with different values although their answers are the same
	Stales   bool // ms with I and C: the item may be stored as stale, and the answer does not tell
	Marks    bool // the item may be marked as stale
	Valued   bool // ma without v: the servers are asked for the number anyway, so that it can be compared
}

// Note records the traits of r. pair says that it goes to two copies.
func (t *Traits) Note(r *ascii.Request, pair bool) {
	m := r.Meta
	*t = Traits{}
	switch r.Op {
	case ascii.OpSet:
		t.Blind = true
	case ascii.OpAdd, ascii.OpReplace:
		t.Whole = true
	case ascii.OpDelete:
		t.Removes = true // not blind: its answer depends on the old value
	case ascii.OpMetaSet:
		t.Blind = !m.Has('M') && !m.Has('C')
		t.Diverges = m.Has('N') // autovivify: where the key is missing, an append creates it
		t.Stales = m.Has('I') && m.Has('C')
		t.Marks = t.Stales
	case ascii.OpMetaDelete: // with I (mark as stale) or x (remove only the value) the item stays
		t.Removes = !m.Has('I') && !m.Has('x')
		t.Marks = m.Has('I')
	case ascii.OpMetaArith:
		t.Valued = pair && !m.Has('v')
	}
}

// digest returns a hash (FNV-1a) of the first line of the reply to an mg that may have changed something. It is the
// same for two copies on which the mg did the same. Flags that differ between equal copies are left out: the cas
// token, the time to live, the time since the last access, and whether the item was hit before.
func digest(raw []byte) uint64 {
	line, _, _ := bytes.Cut(raw, []byte("\r\n"))
	sum := uint64(14695981039346656037)
	skip := false
	for i, ch := range line {
		if i > 0 && line[i-1] == ' ' {
			skip = ch == 'c' || ch == 't' || ch == 'h' || ch == 'l'
		}
		if !skip {
			sum = (sum ^ uint64(ch)) * 1099511628211
		}
	}
	return sum
}

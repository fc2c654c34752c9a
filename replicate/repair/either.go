package repair

import "slices"

// A mutation to which neither copy has answered may have been carried out on both, on one, or on none. The client is
// told that nobody knows. So each of the two values is right, as long as both copies get the same one. The key is not
// lost: one copy keeps its value, and the key is dirty on the other one.

// MarkUndecided notes that neither copy of a key has answered a mutation. asked says of each whether it may have
// carried it out. The key is borrowed for the call.
func (e *Engine) MarkUndecided(lead, follow int, key []byte, askedLead, askedFollow bool) {
	if follow < 0 {
		return // there is one copy
	}
	tied := e.tied(key)
	wrong := func(i int) bool { return !tied && (e.dirty[i].Has(key) || e.unclean[i]) }
	switch wrongLead, wrongFollow := wrong(lead), wrong(follow); {
	case wrongLead || wrongFollow: // the value of the other copy stays as right as it was, whatever has become of it
		if wrongLead && askedLead {
			e.MarkMissed(lead, key)
		}
		if wrongFollow && askedFollow {
			e.MarkMissed(follow, key)
		}
	case !askedLead && !askedFollow: // both have the value of before
	case e.worth(lead, askedLead) == 0 && e.worth(follow, askedFollow) == 0:
		e.MarkMissed(lead, key)
		e.MarkMissed(follow, key)
		e.tie(lead, follow, key)
	case e.worth(lead, askedLead) >= e.worth(follow, askedFollow):
		e.MarkMissed(follow, key)
	default:
		e.MarkMissed(lead, key)
	}
}

// worth says which copy keeps its value, that with the larger number: above all one that gets requests and lacks
// nothing. Of two such copies, or two others, it is one that has certainly the value of before.
func (e *Engine) worth(i int, asked bool) (n int) {
	if e.Health.Usable(i) && !e.incomplete[i] {
		n += 2
	}
	if !asked {
		n++
	}
	return n
}

// tie notes that the values of a key, which has just become dirty on both servers, are as good as each other.
func (e *Engine) tie(i, j int, key []byte) {
	if e.dirty[i].All() || e.dirty[j].All() {
		return
	}
	if e.ties == nil {
		e.ties = map[string]either{}
	}
	e.ties[string(key)] = either{[2]int{i, j}, [2]uint64{e.dirty[i].SeqOf(key), e.dirty[j].SeqOf(key)}}
}

// tied reports whether the values of a key are as good on one server as on the other, although it is dirty on both.
func (e *Engine) tied(key []byte) bool {
	t, ok := e.ties[string(key)]
	for n, i := range t.server {
		ok = ok && e.dirty[i].SeqOf(key) == t.seq[n]
	}
	return ok
}

// untie decides, because server i is back, whose values of its tied keys count: its own, unless it has lost them. So
// they need not be deleted there. A key that was repaired or marked since is not tied any more.
func (e *Engine) untie(i int) {
	for key, t := range e.ties {
		n := slices.Index(t.server[:], i)
		if n < 0 {
			continue
		}
		tied := e.tied([]byte(key))
		delete(e.ties, key)
		if e.incomplete[i] {
			n = 1 - n
		}
		if tied {
			e.cleaned(t.server[n], []byte(key), t.seq[n])
		}
	}
}

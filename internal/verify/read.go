package verify

// readPairs reads each pair from both servers, and calls judge with the two items, in the order of the pairs. The
// items are valid during the call.
func (v *verifier) readPairs(pairs []pair, judge func(x pair, p, b *item)) error {
	if err := v.pace.WaitN(v.ctx, len(pairs)); err != nil {
		return err
	}
	for _, x := range pairs {
		v.conns[x.p].ask(x.key, true)
		v.conns[x.b].ask(x.key, true)
	}
	if err := v.flush(); err != nil {
		return err
	}
	var won wins
	for _, x := range pairs {
		p, b := v.conns[x.p], v.conns[x.b]
		if err := p.next(&p.item); err != nil {
			return err
		}
		if err := b.next(&b.item); err != nil {
			return err
		}
		won.note(p, x.key)
		won.note(b, x.key)
		judge(x, &p.item, &b.item)
	}
	return won.giveBack(v)
}

// readBackups makes suspects of the keys that their backup does not hold.
func (v *verifier) readBackups(pairs []pair) error {
	if err := v.pace.WaitN(v.ctx, len(pairs)); err != nil {
		return err
	}
	for _, x := range pairs {
		v.conns[x.b].ask(x.key, false)
	}
	if err := v.flush(); err != nil {
		return err
	}
	var won wins
	for _, x := range pairs {
		b := v.conns[x.b]
		if err := b.next(&b.item); err != nil {
			return err
		}
		won.note(b, x.key)
		if !b.item.found {
			v.result.Compared++
			v.suspects = append(v.suspects, newSuspect(x))
		}
	}
	return won.giveBack(v)
}

package verify

// ask handles the keys of the batch, which server i holds. The keys of backups are compared. Later the primaries
// follow. Their keys have been compared already if the backup has them, too, so only this is checked. Backups come
// first because clients read from the primaries, and the list of a server that is read misses items.
func (v *verifier) ask(i int) error {
	var err error
	if i < len(v.o.Primaries) {
		err = v.readBackups(v.batch.pairs)
	} else {
		err = v.readPairs(v.batch.pairs, v.compare)
	}
	v.batch.reset()
	if err == nil && len(v.suspects) >= maxSuspects {
		err = v.settle()
	}
	return err
}

// compare compares the two copies of a key that a backup holds.
func (v *verifier) compare(x pair, p, b *item) {
	if p.found || b.found {
		v.result.Compared++
	}
	if b.found {
		v.link(x).Held++
	}
	switch kind := judge(p, b); kind {
	case Same:
	case unsure:
		v.result.Unsure++
	default:
		s := newSuspect(x)
		s.saw(kind, p.token, b.token)
		v.suspects = append(v.suspects, s)
	}
}

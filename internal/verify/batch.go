package verify

// A batch of keys is read at once. Its requests must fit into the buffers of a socket, because the replies are read
// only after all requests are sent.
const (
	batchKeys  = 100
	batchBytes = 8 << 10
)

// pair is a key with the indexes of its two servers, p of the primary and b of the backup.
type pair struct {
	p, b int
	key  []byte
}

// batch collects pairs, with copies of their keys.
type batch struct {
	most  int // the largest number of keys
	pairs []pair
	keys  []byte // the bytes of all keys
}

func (b *batch) add(x pair) {
	at := len(b.keys)
	b.keys = append(b.keys, x.key...)
	x.key = b.keys[at:len(b.keys):len(b.keys)] // if b.keys grows later, the key stays in the old array
	b.pairs = append(b.pairs, x)
}

func (b *batch) full() bool { return len(b.pairs) >= b.most || len(b.keys) >= batchBytes }

func (b *batch) reset() { b.pairs, b.keys = b.pairs[:0], b.keys[:0] }

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

// flush sends the collected commands to all servers.
func (v *verifier) flush() error {
	for _, c := range v.conns {
		if err := c.flush(); err != nil {
			return err
		}
	}
	return nil
}

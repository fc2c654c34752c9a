package verify

import "bytes"

// wins are the stale items whose next reader was to compute them anew: our question must not count as that.
type wins []win

type win struct {
	c     *conn
	key   []byte
	token uint64
}

func (w *wins) note(c *conn, key []byte) {
	if c.item.won {
		*w = append(*w, win{c, key, c.item.token})
	}
}

// giveBack gives all of them back. Who wrote an item meanwhile is right. A server that says so of an item that nobody has written
// takes no md with a token: the item is looked at once more, and given back without one.
func (w wins) giveBack(v *verifier) error {
	if len(w) == 0 {
		return nil
	}
	for _, x := range w {
		x.c.giveBack(x.key, x.token)
	}
	refused, err := w.refused(v)
	if err != nil || len(refused) == 0 {
		return err
	}
	for _, x := range refused {
		x.c.ask(x.key, false)
	}
	if err := v.flush(); err != nil {
		return err
	}
	var same wins
	for _, x := range refused {
		it := &x.c.item
		if err := x.c.next(it); err != nil {
			return err
		}
		if it.found && it.token == x.token {
			same = append(same, x)
		}
	}
	for _, x := range same {
		x.c.giveBack(x.key, 0)
	}
	_, err = same.refused(v)
	return err
}

// refused sends what was collected, and returns the items that have another token, as the server says.
func (w wins) refused(v *verifier) (refused wins, err error) {
	if err := v.flush(); err != nil {
		return nil, err
	}
	for _, x := range w {
		line, err := x.c.line()
		if err != nil {
			return nil, err
		}
		if bytes.HasPrefix(line, []byte("EX")) {
			refused = append(refused, x)
		}
	}
	return refused, nil
}

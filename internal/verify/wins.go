package verify

import "bytes"

// wins are stale items that our read has won: memcached has told us to recompute them. A client must do this instead.
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

// giveBack marks all these items as stale again, unless somebody has written them in the meantime. Some servers claim
// this of every item, because md with a token does not work there. So such items are read once more. If the token is
// still the same, they are marked without it.
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

// refused sends the collected commands, and returns the items for which the server answers that the token has changed.
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

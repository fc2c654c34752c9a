package replicate

import (
	"magent/ascii"
	"magent/failover"
	"magent/internal/call"
	"magent/internal/fault"
)

// The cas tokens of two servers are unrelated, and may be the same number. In a pool with backups a client gets them with a
// mark of the server that they are from, in its present run (failover.Identity.Mark). A compare with a token of another
// copy, or of an earlier run, comes out as if somebody else had been quicker; so it never overwrites what that client
// has not seen.

// mark is the mark of a server's tokens, and the identity that it was made from.
type mark struct {
	of   failover.Identity
	bits uint64
}

// markOf returns the mark of server i; 0 when nobody knows who that is: its tokens are passed on as they are.
func (e *Engine) markOf(i int) uint64 {
	if fault.CasMark {
		return 0
	}
	m, conn := &e.marks[i], e.Conns[i]
	if id := conn.Identity(); id != m.of {
		*m = mark{id, id.Mark(conn.Name())}
	}
	return m.bits
}

// showsToken reports whether the reply to r has cas tokens in it.
func showsToken(r *ascii.Request) bool {
	switch r.Op {
	case ascii.OpGets, ascii.OpGats:
		return true
	case ascii.OpMetaGet, ascii.OpMetaSet, ascii.OpMetaDelete, ascii.OpMetaArith:
		return r.Meta.Has('c')
	}
	return false
}

// withMarks returns a reply of server i as the client gets it; it is valid until the next use.
func (c *Call) withMarks(i int, reply []byte) []byte {
	if !c.tokens || i < 0 {
		return reply
	}
	m := c.e.markOf(i)
	if m == 0 {
		return reply
	}
	c.e.marked = ascii.AppendMarked(call.Trim(c.e.marked), reply, m)
	return c.e.marked
}

// noToken is a token that no item has: a server counts up from 1.
const noToken = 1 << 62

// unmark takes the mark off the token that a compare depends on. When that is not the mark of the copy that answers for
// the key now, the token becomes one that fits nothing, so that the answer is EXISTS, or NOT_FOUND.
func (e *Engine) unmark(c *Call, r *ascii.Request) {
	i := c.lead
	if c.follow >= 0 && !e.Health.Usable(i) {
		i = c.follow
	}
	token, ok := r.Token()
	if e.Backups == nil || !ok || e.markOf(i) == 0 {
		return
	}
	plain, m := ascii.Unmark(token)
	if m != e.markOf(i) {
		e.Tally(i).CasRefused++
		plain = noToken
	}
	r.SetToken(plain)
}

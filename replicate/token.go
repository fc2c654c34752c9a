package replicate

import (
	"magent/ascii"
	"magent/failover"
	"magent/internal/call"
	"magent/internal/fault"
)

// The cas tokens of two servers are unrelated, and may be the same number. In a pool with backups a client gets
// them with a tag of the server that they are from, in its present run (failover.Identity.CasTag). A compare with a
// token of another copy, or of an earlier run, comes out as if somebody else had been quicker. So it never
// overwrites what that client has not seen.

// casTag is the tag of a server's tokens, and the identity that it was made from.
type casTag struct {
	of   failover.Identity
	bits uint64
}

// casTagOf returns the tag of server i; 0 when nobody knows who that is: its tokens are passed on as they are.
func (e *Engine) casTagOf(i int) uint64 {
	if fault.CasTag {
		return 0
	}
	m, conn := &e.casTags[i], e.Conns[i]
	if id := conn.Identity(); id != m.of {
		*m = casTag{id, id.CasTag(conn.Name())}
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

// withTags returns a reply of server i as the client gets it; it is valid until the next use.
func (c *Call) withTags(i int, reply []byte) []byte {
	if !c.tokens || i < 0 {
		return reply
	}
	m := c.e.casTagOf(i)
	if m == 0 {
		return reply
	}
	c.e.tagged = ascii.AppendTagged(call.Trim(c.e.tagged), reply, m)
	return c.e.tagged
}

// noToken is a token that no item has: a server counts up from 1.
const noToken = 1 << 62

// untag takes the tag off the token that a compare depends on. When that is not the tag of the copy that answers for
// the key now, the token becomes one that fits nothing, so that the answer is EXISTS, or NOT_FOUND.
func (e *Engine) untag(c *Call, r *ascii.Request) {
	i := c.lead
	if c.follow >= 0 && !e.Health.Usable(i) {
		i = c.follow
	}
	token, ok := r.Token()
	if e.Backups == nil || !ok || e.casTagOf(i) == 0 {
		return
	}
	plain, m := ascii.Untag(token)
	if m != e.casTagOf(i) {
		e.Tally(i).CasRefused++
		plain = noToken
	}
	r.SetToken(plain)
}

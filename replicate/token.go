package replicate

import (
	"magent/ascii"
	"magent/internal/call"
	"magent/internal/fault"
)

// The cas tokens of two servers are unrelated, and may be the same number. In a pool with backups magent adds a tag to
// each token: it identifies the server and its present run (failover.Identity.CasTag). A compare with a token of the
// other copy, or of an earlier run, is answered as if somebody else had changed the value. So it never overwrites what
// its client has not seen.

// casTagOf returns the tag of server i; 0: its identity is not known, and its tokens are passed on as they are.
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

// showsToken reports whether the reply to r contains cas tokens.
func showsToken(r *ascii.Request) bool {
	switch r.Op {
	case ascii.OpGets, ascii.OpGats:
		return true
	case ascii.OpMetaGet, ascii.OpMetaSet, ascii.OpMetaDelete, ascii.OpMetaArith:
		return r.Meta.Has('c')
	}
	return false
}

// withTags returns a reply of server i as the client gets it, with tagged tokens. It is reply itself, or valid until
// the next use of withTags on this engine.
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

// noToken is a token that no item has, because servers count up from 1.
const noToken = 1 << 62

// untag removes the tag from the token in r. If it is not the tag of the server that r goes to, r gets noToken
// instead. The server then answers EXISTS or NOT_FOUND.
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

package backend

import (
	"errors"
	"fmt"

	"magent/ascii"
	"magent/backend/hello"
)

// Why a server does not get a meta command.
var (
	ErrNoMeta  = errors.New("it lacks the meta commands of memcached 1.6.10 and later")
	ErrNoToken = errors.New("it lacks the E flag of ms, which memcached has since 1.6.27")
)

// Meta returns the form of the server's meta commands, as of the last established connection.
func (c *Conn) Meta() hello.MetaForm { return c.talk.Meta }

// Asked reports whether the server has ever told its form.
func (c *Conn) Asked() bool { return c.Stats.Connects > 0 }

// Lacks reports whether the server is known to lack what a request with this shape of reply needs.
func (c *Conn) Lacks(s ascii.Shape) bool { return c.Lacking(s) != nil }

// Lacking returns what the server is known to lack for such a request, or nil.
func (c *Conn) Lacking(s ascii.Shape) error {
	if c.state != ready {
		return nil
	}
	return c.misses(s)
}

// misses returns why the server must not get a request with this shape of reply, or nil.
func (c *Conn) misses(s ascii.Shape) error {
	switch {
	case s != ascii.ShapeMeta && s != ascii.ShapeOldMeta && s != ascii.ShapeTokenMeta:
	case c.opt.Redis != nil || !c.opt.Greet && !c.opt.Knock: // the server was not asked
	case s == ascii.ShapeOldMeta && c.talk.Meta != hello.OldMeta,
		s != ascii.ShapeOldMeta && c.talk.Meta != hello.FullMeta:
		return ErrNoMeta
	case s == ascii.ShapeTokenMeta && !c.talk.Token:
		return ErrNoToken
	}
	return nil
}

// withhold removes requests that the server lacks the commands for from those collected while connecting. Each one is
// replaced by the command version, so that it is answered in its turn, with a refusal.
func (c *Conn) withhold() {
	lacking := false
	for i := range c.fifo.len() {
		lacking = lacking || c.misses(c.fifo.at(i).shape) != nil
	}
	if !lacking {
		return
	}
	var out []byte
	for i, rest := 0, c.early; i < c.fifo.len(); i++ {
		e := c.fifo.at(i)
		request := rest[:e.size]
		rest = rest[e.size:]
		if why := c.misses(e.shape); why != nil {
			e.withhold(why)
			request = hello.Knock
		}
		out = append(out, request...)
	}
	c.early = out
}

// withhold makes the reply to hello.Knock, which is sent instead of the request, count as a refusal because of why.
func (e *entry) withhold(why error) {
	e.withheld, e.value, e.shape, e.size = why, false, ascii.ShapeLine, uint32(len(hello.Knock))
}

// refusalOf returns the reply to a request that was withheld.
func (c *Conn) refusalOf(why error) *ascii.Reply {
	return &ascii.Reply{Kind: ascii.ServerError, Raw: fmt.Appendf(nil, "SERVER_ERROR %s: %v\r\n", c.opt.Name, why)}
}

package replicate

import (
	"magent/ascii"
	"magent/backend"
)

// Servers differ in their meta commands (backend.MetaForm). What a client asks is only sent to servers that have them as they
// are documented. A copy of an item can also be made from and to one that has them in the old form; from and to one without
// them it cannot, for classic commands do not tell how long an item is to live.

// copyable reports whether an item can be read from, or written to, a server together with its flags and its time.
func copyable(conn *backend.Conn, key string) bool {
	switch conn.Meta() {
	case backend.FullMeta:
		return true
	case backend.OldMeta:
		return ascii.TextKey([]byte(key)) // it has no keys in base64
	}
	return false
}

// shapeFor says how a server replies to a meta command of ours, and so which form the command is of.
func shapeFor(conn *backend.Conn) ascii.Shape {
	if conn.Meta() == backend.OldMeta {
		return ascii.ShapeOldMeta
	}
	return ascii.ShapeMeta
}

// lengthFor is what stands between the key of an ms and the length of its body.
func lengthFor(conn *backend.Conn) string {
	if conn.Meta() == backend.OldMeta {
		return " S"
	}
	return " "
}

// Unfillable is why server i, which lacks what the other copies have, cannot be filled from them as long as the servers are what
// they are. It is empty when nothing keeps it from being filled, now or later.
func (e *Engine) Unfillable(i int) string {
	if !e.incomplete[i] {
		return ""
	}
	for j, conn := range e.Conns {
		if (j == i || e.CopiesOf(i, j)) && conn.Asked() && conn.Meta() == backend.NoMeta {
			return conn.Name() + " has no meta commands (memcached 1.6.0 and later), and without them nobody can tell how long an item is to live"
		}
	}
	return ""
}

// lacking finds a server that keeps c, a meta command, from being carried out: one that it would go to, and that has no such
// commands. No server: -1. Both copies have to have them: a key that only one can hold would be without its second copy.
func (e *Engine) lacking(c *Call) int {
	if c.plan == planRead {
		i := c.p
		if c.b >= 0 && !e.Health.Readable(c.p) {
			i = c.b
		}
		return e.lacks(i, c.shape)
	}
	if i := e.lacks(c.p, c.shape); i >= 0 {
		return i
	}
	return e.lacks(c.b, c.shape)
}

// lacks returns i when server i is in use and known to lack what a request of that shape needs, else -1.
func (e *Engine) lacks(i int, s ascii.Shape) int {
	if i >= 0 && e.Health.Usable(i) && e.Conns[i].Lacks(s) {
		return i
	}
	return -1
}

// refuse answers a meta command that server i lacks.
func (c *Call) refuse(i int) {
	c.e.countError(c.op)
	c.Held = append(c.Held[:0], "SERVER_ERROR "...)
	c.Held = append(append(c.Held, c.e.Conns[i].Name()...), ": "...)
	c.Held = append(append(c.Held, c.e.Conns[i].Lacking(c.shape).Error()...), "\r\n"...)
	c.finish(ascii.ServerError, c.Held)
}

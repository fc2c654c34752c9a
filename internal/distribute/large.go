package distribute

import (
	"bytes"

	"magent/backend"
	"magent/internal/loop"
	"magent/resp"
)

// Large commands and replies are not merged by copying them. The parts of a command are sent from where it was read,
// and the elements of a reply as well. That needs bytes that stay valid (resp.Request.Owner, backend.Conn.Disown).

// isLarge reports whether so many keys have so large values that they are not copied.
func isLarge(size, keys int) bool { return size >= large && size/max(keys, 1) >= loop.LargeWrite }

// large is the size in bytes from which a command or a reply is not copied.
const large = 1 << 20

// pieces returns, by part, the arguments of r that belong to it, as slices of r.Raw. step is splitUp's.
func (m *fanout) pieces(r *resp.Request, step int) [][][]byte {
	pieces := make([][][]byte, len(m.server))
	ends := make([]int, len(m.server)) // where the last piece of a part ends in r.Raw
	at := argumentEnd(r.Raw, bytes.IndexByte(r.Raw, '\n')+1, r.Args[0])
	for i, part := range m.owner {
		start := at
		for _, arg := range r.Args[1+i*step : 1+(i+1)*step] {
			at = argumentEnd(r.Raw, at, arg)
		}
		if last := len(pieces[part]) - 1; last >= 0 && ends[part] == start {
			begin := start - len(pieces[part][last])
			pieces[part][last] = r.Raw[begin:at:at]
		} else {
			pieces[part] = append(pieces[part], r.Raw[start:at:at])
		}
		ends[part] = at
	}
	return pieces
}

// argumentEnd returns where an argument that begins at a position of a command ends, with its length in front and the
// line end behind.
func argumentEnd(raw []byte, at int, arg []byte) int {
	return at + bytes.IndexByte(raw[at:], '\n') + 1 + len(arg) + len("\r\n")
}

// keep keeps the reply to a part.
func (m *fanout) keep(part uint16, from *backend.Conn, reply []byte) {
	if len(reply) >= large {
		if owner := from.Disown(); owner != nil {
			owner.Hold()
			m.replies[part], m.owners[part] = reply, owner
			return
		}
	}
	m.replies[part] = append(m.replies[part][:0], reply...)
}

// isLarge reports whether the replies are large in all.
func (m *fanout) isLarge() bool {
	n := 0
	for _, reply := range m.replies {
		n += len(reply)
	}
	return isLarge(n, m.keys)
}

// answerLarge is mergeInOrder for large replies. The answer is in Call.Rest. Replies without an owner are left to it.
func (c *Call) answerLarge() (ok bool) {
	m := c.parts
	if !m.beginInOrder() {
		return false
	}
	for i, part := range m.owner {
		all := m.cursors[part]
		element, rest := resp.NextElement(all)
		if last := len(c.Rest) - 1; i > 0 && m.owner[i-1] == part {
			whole := len(c.Rest[last].Data) + len(element)
			c.Rest[last].Data = c.Rest[last].Data[:whole]
		} else {
			p := loop.Piece{Data: all[:len(element)], Owner: m.owners[part]}
			p.Hold()
			c.Rest = append(c.Rest, p)
		}
		m.cursors[part] = rest
	}
	clear(m.cursors)
	clear(m.replies)
	c.Held = resp.AppendArray(c.Held[:0], m.keys)
	c.Finish(c.Held)
	return true
}

package repair

import (
	"encoding/base64"

	"magent/ascii"
	"magent/backend"
)

// Servers differ in their meta commands (backend.MetaForm). What a client asks is only sent to servers that have
// them as they are documented. A copy of an item can also be made from and to one that has them in the old form.
// From and to one without them it cannot, for classic commands do not tell how long an item is to live.

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

// Unfillable is why server i, which lacks what the other copies have, cannot be filled from them as long as the
// servers are what they are. It is empty when nothing keeps it from being filled, now or later.
func (e *Engine) Unfillable(i int) string {
	if !e.incomplete[i] {
		return ""
	}
	for j, conn := range e.Conns {
		if (j == i || e.CopiesOf(i, j)) && conn.Asked() && conn.Meta() == backend.NoMeta {
			return conn.Name() + " has no meta commands (memcached 1.6.0 and later), " +
				"and without them nobody can tell how long an item is to live"
		}
	}
	return ""
}

// AppendDelete writes the command that deletes a key, and says how its reply is framed. A key that came in base64
// need not be fit for the classic command.
func AppendDelete(dst, key []byte) ([]byte, ascii.Shape) {
	if ascii.TextKey(key) {
		return ascii.AppendDelete(dst, key), ascii.ShapeLine
	}
	dst, flag := appendKey(append(dst, "md "...), key)
	return append(append(dst, flag...), "\r\n"...), ascii.ShapeMeta
}

// appendKey writes a key for a meta command, in base64 if it cannot stand there as it is, and returns the flag that
// says so, with a space before it.
func appendKey(dst, key []byte) (out []byte, flag string) {
	if ascii.TextKey(key) {
		return append(dst, key...), ""
	}
	return base64.StdEncoding.AppendEncode(dst, key), " b"
}

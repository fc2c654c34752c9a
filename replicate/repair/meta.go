package repair

import (
	"encoding/base64"

	"magent/ascii"
	"magent/backend"
	"magent/backend/hello"
)

// Servers differ in their meta commands (hello.MetaForm). A client's meta command is only sent to servers that have
// them in the documented form. Copying a key also works with servers that have the old form. It does not work without
// meta commands, because classic commands do not tell the time to live.

// copyable reports whether an item can be read from, and written to, a server together with its flags and time to
// live.
func copyable(conn *backend.Conn, key string) bool {
	switch conn.Meta() {
	case hello.FullMeta:
		return true
	case hello.OldMeta:
		return ascii.TextKey([]byte(key)) // the old form has no keys in base64
	}
	return false
}

// shapeFor returns how a server replies to a meta command that is part of a repair.
func shapeFor(conn *backend.Conn) ascii.Shape {
	if conn.Meta() == hello.OldMeta {
		return ascii.ShapeOldMeta
	}
	return ascii.ShapeMeta
}

// lengthFor returns what stands between the key of an ms and the length of its value.
func lengthFor(conn *backend.Conn) string {
	if conn.Meta() == hello.OldMeta {
		return " S"
	}
	return " "
}

// Unfillable returns why server i, which lacks keys of the other copies, can never be refilled with the present
// servers. It is empty if the server lacks nothing, or can be refilled now or later.
func (e *Engine) Unfillable(i int) string {
	if !e.incomplete[i] {
		return ""
	}
	for j, conn := range e.Conns {
		if (j == i || e.CopiesOf(i, j)) && conn.Asked() && conn.Meta() == hello.NoMeta {
			return conn.Name() + " has no meta commands (memcached 1.6.0 and later), " +
				"and without them nobody can tell how long an item is to live"
		}
	}
	return ""
}

// AppendDelete appends the command that deletes a key to dst, and returns the shape of its reply. It is a meta command
// if the key has bytes that a classic command cannot contain.
func AppendDelete(dst, key []byte) ([]byte, ascii.Shape) {
	if ascii.TextKey(key) {
		return ascii.AppendDelete(dst, key), ascii.ShapeLine
	}
	dst, flag := appendKey(append(dst, "md "...), key)
	return append(append(dst, flag...), "\r\n"...), ascii.ShapeMeta
}

// appendKey appends a key of a meta command to dst, in base64 if it has bytes that the command line cannot contain. In
// this case flag is the flag for base64, with a space before it.
func appendKey(dst, key []byte) (out []byte, flag string) {
	if ascii.TextKey(key) {
		return append(dst, key...), ""
	}
	return base64.StdEncoding.AppendEncode(dst, key), " b"
}

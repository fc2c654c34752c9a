package call

import "magent/backend"

// AppendTrouble writes a server's name and what is wrong with it; the same is in the log, once. full: its
// connection stood, but had no room for the request; what Err says is of an earlier one then.
func AppendTrouble(dst []byte, conn *backend.Conn, full bool) []byte {
	dst = append(dst, conn.Name()...)
	dst = append(dst, ": "...)
	switch err := conn.Err(); {
	case full:
		return append(dst, "too many requests in flight"...)
	case err != nil:
		return append(dst, err.Error()...)
	}
	return append(dst, "no connection yet"...)
}

package call

import "magent/backend"

// AppendTrouble appends a server's name, and why it could not answer a request, to dst. full means that its queue had
// no room for the request; conn.Err, which belongs to an earlier connection, is then ignored.
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

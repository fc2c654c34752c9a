package call

import "magent/backend"

// AppendTrouble appends a server's name, and why it could not answer a request, to dst. If its connection was full,
// conn.Err is ignored, which belongs to an earlier connection. A connection that is there and never failed was not
// used: the server is not asked for keys that it may lack.
func AppendTrouble(dst []byte, conn *backend.Conn, full backend.Fullness) []byte {
	dst = append(dst, conn.Name()...)
	dst = append(dst, ": "...)
	switch err := conn.Err(); {
	case full != backend.HasRoom:
		return conn.AppendFull(dst, full)
	case err != nil:
		return append(dst, err.Error()...)
	case conn.Ready():
		return append(dst, "not asked, because its copy may be missing or out of date"...)
	}
	return append(dst, "no connection yet"...)
}

// AppendTroubleOn appends why the server of a connection could not answer, in the words of the pool: with CompatErrors
// it is the reason alone, as twemproxy says it. The connection need not be the one that all share.
func (s *Servers) AppendTroubleOn(dst []byte, conn *backend.Conn, full backend.Fullness) []byte {
	if s.CompatErrors && full == backend.HasRoom {
		return backend.AppendErrno(dst, conn.Err())
	}
	return AppendTrouble(dst, conn, full)
}

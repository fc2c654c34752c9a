package distribute

import (
	"errors"

	"magent/backend"
	"magent/backend/hello"
	"magent/resp"
)

// AppendFailure appends the error line, without its end, for a command that a server could not answer on a connection.
// If the server has said why it is not ready, such as LOADING or NOAUTH, its code is the first word: programs look at
// that. If the client has chosen a database that the server lacks, the error is the server's, as it answers SELECT.
func (e *Engine) AppendFailure(dst []byte, conn *backend.Conn, full backend.Fullness) []byte {
	var refused *hello.NotReady
	dst = append(dst, '-')
	switch {
	case full != backend.HasRoom || !errors.As(conn.Err(), &refused):
		dst = append(dst, "ERR"...)
	case e.CompatErrors, refused.Chosen:
		return append(dst, refused.Text...)
	default:
		dst = append(dst, resp.ErrorCode(refused.Text)...)
	}
	return e.AppendTroubleOn(append(dst, ' '), conn, full)
}

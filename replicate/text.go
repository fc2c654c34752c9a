package replicate

import (
	"magent/backend"
	"magent/internal/call"
)

// appendUnavailable appends the error line for a request that no server could answer. It names the servers and what is
// wrong with them.
func (e *Engine) appendUnavailable(dst []byte, c *Call) []byte {
	if c.plan == planRetrieve {
		return append(dst, "SERVER_ERROR no server could answer for some of the keys\r\n"...)
	}
	dst = append(dst, "SERVER_ERROR "...)
	dst = c.AppendTrouble(dst, call.Lead, c.lead)
	if c.follow >= 0 {
		dst = append(dst, "; "...)
		dst = c.AppendTrouble(dst, call.Follow, c.follow)
	}
	return append(dst, "\r\n"...)
}

// appendServerError appends an error line that names conn and its trouble. full means that its queue is full.
func appendServerError(dst []byte, what string, conn *backend.Conn, full bool) []byte {
	dst = append(dst, "SERVER_ERROR "...)
	dst = append(dst, what...)
	dst = append(dst, ' ')
	return append(call.AppendTrouble(dst, conn, full), "\r\n"...)
}

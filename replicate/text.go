package replicate

import (
	"magent/backend"
	"magent/internal/call"
	"magent/replicate/decide"
)

// appendUnavailable appends the error line for a request that no server could answer. It names the servers and what is
// wrong with them.
func (e *Engine) appendUnavailable(dst []byte, c *Call) []byte {
	switch {
	case c.plan != decide.PlanRetrieve:
	case e.Relay:
		dst = call.AppendTrouble(append(dst, "SERVER_ERROR "...), e.Conns[0], e.Conns[0].Full())
		return append(dst, "\r\n"...)
	case e.CompatErrors:
		dst = backend.AppendErrno(append(dst, "SERVER_ERROR "...), c.many.why)
		return append(dst, "\r\n"...)
	default:
		return append(dst, "SERVER_ERROR no server could answer for some of the keys\r\n"...)
	}
	dst = append(dst, "SERVER_ERROR "...)
	first := true
	for slot := uint16(call.Lead); slot <= call.Follow; slot++ {
		if !c.atFault(slot) {
			continue
		}
		if !first && e.CompatErrors {
			break
		}
		if !first {
			dst = append(dst, "; "...)
		}
		first = false
		dst = c.AppendTrouble(dst, slot, c.at(slot))
	}
	return append(dst, "\r\n"...)
}

// atFault reports whether the server in slot is one of those because of which c fails. If a connection was full, a
// mutation was not sent to the other server either: that one is named only if it is down.
//
// A copy that may have lacked the value is not at fault if it has answered.
func (c *Call) atFault(slot uint16) bool {
	if slot == call.Follow && c.mayLack() && c.followOutcome.Executed() {
		return false
	}
	i := c.at(slot)
	full := c.plan != decide.PlanRead && (c.HadNoRoom(call.Lead) || c.HadNoRoom(call.Follow))
	return i >= 0 && (!full || c.HadNoRoom(slot) || !c.e.Health.Usable(i))
}

// appendServerError appends an error line that names conn and its trouble. full is call.AppendTrouble's.
func appendServerError(dst []byte, what string, conn *backend.Conn, full backend.Fullness) []byte {
	dst = append(dst, "SERVER_ERROR "...)
	dst = append(dst, what...)
	dst = append(dst, ' ')
	return append(call.AppendTrouble(dst, conn, full), "\r\n"...)
}

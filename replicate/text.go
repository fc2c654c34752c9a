package replicate

import (
	"encoding/base64"

	"magent/ascii"
	"magent/backend"
	"magent/internal/call"
)

// appendUnavailable writes the error line for a request that no server could answer. It names the servers and what is
// wrong with them; the same is in the log, once.
func (e *Engine) appendUnavailable(dst []byte, c *Call) []byte {
	if c.plan == planRetrieve {
		return append(dst, "SERVER_ERROR no server could answer for some of the keys\r\n"...)
	}
	dst = append(dst, "SERVER_ERROR "...)
	dst = c.AppendTrouble(dst, call.Lead, c.p)
	if c.b >= 0 {
		dst = append(dst, "; "...)
		dst = c.AppendTrouble(dst, call.Follow, c.b)
	}
	return append(dst, "\r\n"...)
}

func appendServerError(dst []byte, what string, conn *backend.Conn, full bool) []byte {
	dst = append(dst, "SERVER_ERROR "...)
	dst = append(dst, what...)
	dst = append(dst, ' ')
	return append(call.AppendTrouble(dst, conn, full), "\r\n"...)
}

// appendForget writes the command that deletes a key, and says how its reply is framed. A key that came in base64
// need not be fit for the classic command.
func appendForget(dst, key []byte) ([]byte, ascii.Shape) {
	if ascii.TextKey(key) {
		return ascii.AppendDelete(dst, key), ascii.ShapeLine
	}
	dst, flag := appendKey(append(dst, "md "...), key)
	return append(append(dst, flag...), "\r\n"...), ascii.ShapeMeta
}

// appendKey writes a key for a meta command, in base64 if it cannot stand there as it is, and returns the flag that says
// so, with a space before it.
func appendKey(dst, key []byte) (out []byte, flag string) {
	if ascii.TextKey(key) {
		return append(dst, key...), ""
	}
	return base64.StdEncoding.AppendEncode(dst, key), " b"
}

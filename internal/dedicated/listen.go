package dedicated

import (
	"time"

	"magent/ascii"
	"magent/backend"
	"magent/resp"
)

// A server sends nothing to a subscriber as long as nothing is published. If the network has lost the connection, that
// looks the same, and messages would be missed for hours. So the server is asked whether it is there.

const (
	pingPause   = 10 * time.Second // between the answer of a server and the next PING
	silenceTime = 30 * time.Second // without an answer to one the connection is given up
)

// Listen has the user get messages, until Return. Line.Conn may be used for subscriptions only.
func (line *Line) Listen() {
	if !line.listens {
		line.listens, line.heard = true, line.set.l.Now()
		line.conn.Listen(line.user.Message)
	}
}

// Ended reports whether the connection has ended.
func (line *Line) Ended() bool { return line.ended }

// silent reports whether the server of a subscriber has not answered for too long. It asks it if that is due.
func (line *Line) silent() bool {
	quiet := time.Duration(line.set.l.Now() - line.heard)
	if quiet >= pingPause && !line.pinged && line.conn.Ready() {
		line.pinged = true
		line.conn.Send(nil, []byte("*1\r\n$4\r\nPING\r\n"), ascii.ShapeLine, (*present)(line), 0)
	}
	return quiet >= silenceTime
}

// present takes the answer.
type present Line

// OnReply implements backend.Receiver.
func (p *present) OnReply(_ uint16, _ *backend.Conn, r *ascii.Reply) {
	if r.Kind != ascii.Lost && !resp.IsError(r.Raw) {
		p.heard, p.pinged = p.set.l.Now(), false
	}
}

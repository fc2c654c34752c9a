package redisclient

import (
	"time"

	"magent/ascii"
	"magent/backend"
	"magent/internal/dedicated"
	"magent/resp"
)

// WAIT and WAITAOF ask for how many replicas, or files, have what their client has written. Clients share connections,
// so no server knows what a client has written. But all of it is answered when the command begins (Client.Alone). So
// every server is asked, on a connection of the client's own, for what it has got from anybody until then. The lowest
// number is the answer: it is never more than is true of the client's writes.
//
// A server counts from the end of the last command on the connection. So a PING goes in front.

// Lost implements dedicated.User. The reply is lost, too, which counts.
func (w *replicaWait) Lost(*dedicated.Line) {}

// Message implements dedicated.User. Nothing was subscribed to.
func (w *replicaWait) Message([]byte) {}

// Moved implements dedicated.User.
func (w *replicaWait) Moved() bool { return false }

// awaitReplicas carries out WAIT and WAITAOF, which take this long at most; 0: there is no limit.
func (c *Client) awaitReplicas(r *resp.Request, most time.Duration) {
	if !c.beginWaiting(r) {
		return
	}
	engine, within := c.Commands(c.pool), c.within(most)
	w := &replicaWait{c: c}
	for server := range engine.NumPrimaries {
		line := c.takeFor(w, engine, server, r.Command)
		if line == nil {
			c.become(dedicated.Drops)
			w.end(true)
			return
		}
		w.lines = append(w.lines, line)
	}
	c.own.asked, c.own.replicas = true, w
	w.call, w.missing = c.host.RedisCall(1, 0, len(r.Raw)), len(w.lines)
	for server, line := range w.lines {
		line.Begin(nil, within, true)
		sent := line.Conn().Send(nil, []byte("*1\r\n$4\r\nPING\r\n"), ascii.ShapeLine, (*pinged)(w), 0) &&
			line.Conn().Send(nil, r.Raw, ascii.ShapeLine, w, uint16(server))
		if !sent {
			w.fail(line.Conn())
		}
	}
	w.settle()
}

// end gives the connections back; clean: nothing is under way there.
func (w *replicaWait) end(clean bool) {
	lines := w.lines
	w.lines = nil
	for _, line := range lines {
		line.Return(clean)
	}
}

// drop gives up what is under way, because the client has gone.
func (w *replicaWait) drop() {
	w.end(false)
	w.call.Answer(nil)
}

// pinged drops the replies to PING.
type pinged replicaWait

// OnReply implements backend.Receiver.
func (*pinged) OnReply(uint16, *backend.Conn, *ascii.Reply) {}

// OnReply implements backend.Receiver. It takes the reply of the server that is the slot.
func (w *replicaWait) OnReply(slot uint16, from *backend.Conn, r *ascii.Reply) {
	switch {
	case w.lines == nil: // the client has gone
		return
	case r.Kind == ascii.Lost:
		w.fail(from)
	default:
		w.lines[slot].Answered()
		w.take(r.Raw)
		w.missing--
	}
	w.settle()
}

// fail notes that a server has not answered.
func (w *replicaWait) fail(conn *backend.Conn) {
	w.missing--
	w.c.pool.Count.Errors++
	if w.failure == nil {
		w.failure = append(w.c.Commands(w.c.pool).AppendFailure(nil, conn, backend.HasRoom), "\r\n"...)
	}
}

// take takes a reply: a number, or several.
func (w *replicaWait) take(reply []byte) {
	var numbers []int64
	if n, ok := resp.Integer(reply); ok {
		numbers = []int64{n}
	}
	size, rest, _ := resp.ArrayLen(reply)
	for range size {
		var element []byte
		element, rest = resp.NextElement(rest)
		n, _ := resp.Integer(element)
		numbers = append(numbers, n)
	}
	switch {
	case len(numbers) == 0 || w.lowest != nil && len(w.lowest) != len(numbers):
		if w.failure == nil {
			w.failure = append([]byte(nil), reply...)
		}
	case w.lowest == nil:
		w.lowest = numbers
	default:
		for i, n := range numbers {
			w.lowest[i] = min(w.lowest[i], n)
		}
	}
}

// settle answers the client when all servers have replied.
func (w *replicaWait) settle() {
	if w.missing > 0 || w.lines == nil {
		return
	}
	w.end(true)
	w.c.own.replicas = nil
	answer := w.failure
	if answer == nil && len(w.lowest) == 1 {
		answer = resp.AppendInt(nil, w.lowest[0])
	} else if answer == nil {
		answer = resp.AppendArray(nil, len(w.lowest))
		for _, n := range w.lowest {
			answer = resp.AppendInt(answer, n)
		}
	}
	w.call.Answer(answer)
}

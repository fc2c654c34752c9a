package call

import (
	"magent/ascii"
	"magent/backend"
	"magent/internal/loop"
)

// Client gets the answers of the engines. The package above implements it.
type Client interface {
	// Answer is called once for each c, on the loop's goroutine, perhaps before Engine.Do has returned. reply is valid
	// during the call. It is empty if the client wants no reply (noreply).
	Answer(c *Call, reply []byte)
}

// Part tells which part of a client's request a Call is. Whoever sends a request in parts merges the replies, too.
type Part uint8

const (
	Whole Part = iota // the whole request
	Piece             // some keys of a multi-get; more follow
	Last              // the last keys of a multi-get that was split
)

// Slots of the two copies of a key: of the one that leads, and of the other one. A request for one server uses Lead.
const (
	Lead   = 0
	Follow = 1
)

// Call is one client's request in an engine. Each engine has its own kind of calls, in which this one is embedded. The
// client calls Release when it does not need the call any more. The engine uses it again after that, and after the
// last server has replied.
//
// The first group of fields belongs to the client.
type Call struct {
	Next   *Call  // the next one in the client's queue
	Done   bool   // it is answered
	Keys   int    // the number of keys in the request
	Size   int    // the size of the request in bytes
	Values int    // the greatest number of values in the reply
	Note   []byte // a short description of the request
	Part   Part   // which part of a request this is; set before the engine gets the call
	At     int64  // the time of the request, by the loop's clock
	Tag    uint64 // what the client has to know for the reply
	Echo   []byte // the same: a key

	Lost bool   // Part is not Whole, and no server could answer any of its keys; the reply has the reason
	Held []byte // a reply that has to wait: for the other copy, or (set by the client) for the calls in front

	// Rest follows the reply, if that is large. The call holds the pieces until it is over.
	Rest []loop.Piece

	progress
	servers *Servers
	client  Client
	self    backend.Receiver // the call in which this one is embedded
	recycle func()           // returns it to its engine, if it is over

	full [2]backend.Fullness // by slot: what the server's connection had no room for
	via  *backend.Conn       // the client's own connection to the one server; nil: the one that all share
}

// Via has the call use a connection of the client's own. It is for calls that go to one server.
func (c *Call) Via(conn *backend.Conn) { c.via = conn }

// ConnTo returns the connection that the call uses to server i.
func (c *Call) ConnTo(i int) *backend.Conn {
	if c.via != nil {
		return c.via
	}
	return c.servers.Conns[i]
}

// Make initializes c as the embedded part of self. Release and Answer call recycle when c is over.
func (c *Call) Make(s *Servers, self backend.Receiver, recycle func()) {
	c.servers, c.self, c.recycle = s, self, recycle
}

// Lend begins a use of c. The answer will go to client.
func (c *Call) Lend(client Client) {
	c.client = client
	c.servers.lent++
}

// Return ends a use of c, which must be over. It resets c but leaves the buffers to the caller.
func (c *Call) Return() {
	c.servers.lent--
	c.progress = progress{}
	c.Next, c.Done, c.Part, c.Lost, c.Tag = nil, false, Whole, false, 0
	for _, p := range c.Rest {
		p.Release()
	}
	c.Rest = nil
	c.client, c.full, c.via = nil, [2]backend.Fullness{}, nil
}

// Forsake counts c as returned without resetting it. It is for a call that is in an impossible state and must not be
// used again.
func (c *Call) Forsake() { c.servers.lent-- }

// Release tells that the client does not need c any more. The client must not touch it afterwards. If c is not
// answered yet, the answer is dropped.
func (c *Call) Release() {
	c.released = true
	if c.Over() {
		c.recycle()
	}
}

// Answer answers c without a server of its engine: with an answer of the proxy itself, or of another loop's engine.
func (c *Call) Answer(reply []byte) {
	c.answered = true
	if !c.released {
		c.client.Answer(c, reply)
	}
	if c.Over() {
		c.recycle()
	}
}

// Finish answers the client, unless it already has its answer. The engine calls it between Begin and End.
func (c *Call) Finish(reply []byte) {
	if c.answered {
		return
	}
	c.answered = true
	if !c.released {
		c.client.Answer(c, reply)
	}
}

// RestSize returns the number of bytes in Rest.
func (c *Call) RestSize() (n int) {
	for _, p := range c.Rest {
		n += len(p.Data)
	}
	return n
}

// Keep copies reply into Held. reply may be Held itself.
func (c *Call) Keep(reply []byte) {
	c.Held = append(c.Held[:0], reply...)
}

// reaches reports whether something may be sent to server i.
func (c *Call) reaches(i int) bool { return i >= 0 && (c.via != nil || c.servers.Reach(i)) }

// Send sends a request to server i, if it can be reached; i < 0 stands for no server. It reports whether the
// connection accepted it. If so, OnReply will be called with slot. head and body are borrowed for the call.
func (c *Call) Send(i int, slot uint16, head, body []byte, shape ascii.Shape) bool {
	return c.reaches(i) && c.SendOn(c.ConnTo(i), slot, head, body, shape)
}

// SendOn is Send on a connection that the caller has chosen, for one request.
func (c *Call) SendOn(conn *backend.Conn, slot uint16, head, body []byte, shape ascii.Shape) bool {
	if !conn.Send(head, body, shape, c.self, slot) {
		return false
	}
	c.waiting++
	return true
}

// SendPieces is Send for a large request: head, which is borrowed, and pieces, which are bytes of owner.
func (c *Call) SendPieces(
	i int, slot uint16, head []byte, pieces [][]byte, owner loop.Owner, shape ascii.Shape,
) bool {
	if !c.reaches(i) || !c.ConnTo(i).SendPieces(head, pieces, owner, shape, c.self, slot) {
		return false
	}
	c.waiting++
	return true
}

// NoRoomAt reports whether the connection to server i is full, and remembers it for AppendTrouble.
func (c *Call) NoRoomAt(slot uint16, i int) bool {
	if c.via == nil {
		c.full[slot] = c.servers.Full(i)
	}
	return c.HadNoRoom(slot)
}

// HadNoRoom returns what NoRoomAt has found for slot.
func (c *Call) HadNoRoom(slot uint16) bool { return c.full[slot] != backend.HasRoom }

// AppendTrouble appends the name of server i, and why it could not answer what was sent with slot, to dst.
func (c *Call) AppendTrouble(dst []byte, slot uint16, i int) []byte {
	return c.servers.AppendTroubleOn(dst, c.ConnTo(i), c.full[slot])
}

// Fullness returns what NoRoomAt has found for slot.
func (c *Call) Fullness(slot uint16) backend.Fullness { return c.full[slot] }

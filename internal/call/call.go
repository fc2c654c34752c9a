package call

import (
	"magent/ascii"
	"magent/backend"
)

// Client is where answers go: upwards, out of the engines.
type Client interface {
	// Answer brings the reply to c, once, on the loop's thread, perhaps inside the call that asked for it. reply is
	// valid during the call; it is empty when the client wants no reply (noreply).
	Answer(c *Call, reply []byte)
}

// Part says which part of a client's request a Call is. Who asks for a part puts the replies together (Call.Lost).
type Part uint8

const (
	Whole Part = iota // all of it
	Piece             // some keys of a multi-get; more follow
	Last              // the last keys of a long one
)

// Slots of the copies of a key: of the one whose word counts, and of the other. A call for one server uses the first.
const (
	Lead   = 0
	Follow = 1
)

// Call is one client's request in an engine. An engine lends calls of its own kind, in which this one is embedded.
// It goes back by Release, which the client calls when it has no more use for it; the engine keeps it until then,
// and until the last server has replied.
type Call struct {
	Next *Call // the client's: its line of calls
	Done bool  // the client's: answered
	Keys int   // the client's: how many keys are asked for
	Size int   // the client's: bytes of the request

	Values int    // the client's: how many values there may be in the reply
	Note   []byte // the client's: what is asked for, in a few words
	Part   Part   // the client's, set before the engine gets it: whether this is all of a request
	Lost   bool   // part of a multi-get: nobody could answer for any of its keys, and the reply says why
	At     int64  // the client's: when it was asked, by the loop's clock
	Held   []byte // a reply that has to wait: for the other copy, or (the client's) for the calls in front

	progress
	servers *Servers
	client  Client
	self    backend.Receiver // the call in which this one is embedded
	recycle func()           // its way back to its engine, once it is over

	full [2]bool // by slot: the connection had no room for the request
}

// Make has c be the part of self that is common to all kinds. recycle is called when Release, or Answer, finds that
// c is over.
func (c *Call) Make(s *Servers, self backend.Receiver, recycle func()) {
	c.servers, c.self, c.recycle = s, self, recycle
}

// Lend gives c to a client.
func (c *Call) Lend(client Client) {
	c.client = client
	c.servers.lent++
}

// Return takes c, which is over, back: it is as if it were new, but for the buffers, which it keeps if they are not
// too large.
func (c *Call) Return() {
	c.servers.lent--
	c.progress = progress{}
	c.Next, c.Done, c.Part, c.Lost = nil, false, Whole, false
	c.client, c.full = nil, [2]bool{}
}

// Forsake counts c as returned, although it is broken, and will not be used again.
func (c *Call) Forsake() { c.servers.lent-- }

// Release gives c back. The client must not touch it any more. If c is not answered yet, its answer is dropped.
func (c *Call) Release() {
	c.released = true
	if c.Over() {
		c.recycle()
	}
}

// Answer answers c without any server: with a line of the proxy's own, or with what another loop's engine has found.
// The client sees it as it sees every answer.
func (c *Call) Answer(reply []byte) {
	c.answered = true
	if !c.released {
		c.client.Answer(c, reply)
	}
	if c.Over() {
		c.recycle()
	}
}

// Finish answers the client, unless it has its answer already. The engine is at work on c.
func (c *Call) Finish(reply []byte) {
	if c.answered {
		return
	}
	c.answered = true
	if !c.released {
		c.client.Answer(c, reply)
	}
}

// Keep copies reply into Held, where it may lie already.
func (c *Call) Keep(reply []byte) {
	c.Held = append(c.Held[:0], reply...)
}

// Send asks server i; none: i < 0. It reports whether the request was accepted; then OnReply(slot) will come.
func (c *Call) Send(i int, slot uint16, head, body []byte, shape ascii.Shape) bool {
	if i < 0 || !c.servers.Health.Usable(i) || !c.servers.Conns[i].Send(head, body, shape, c.self, slot) {
		return false
	}
	c.waiting++
	return true
}

// NoRoomAt reports whether server i is full, and remembers it for the error line.
func (c *Call) NoRoomAt(slot uint16, i int) bool {
	c.full[slot] = c.servers.Full(i)
	return c.full[slot]
}

// AppendTrouble writes the name of server i, which was asked in a slot, and what is wrong with it.
func (c *Call) AppendTrouble(dst []byte, slot uint16, i int) []byte {
	return AppendTrouble(dst, c.servers.Conns[i], c.full[slot])
}

package distribute

import (
	"magent/ascii"
	"magent/backend"
	"magent/internal/call"
	"magent/resp"
)

// With read_from, replicas answer what only reads. What a replica does not answer, or cannot, is asked of its master,
// once. So nothing fails over a replica.

// read sends a command to a replica of c.server. It reports false if the server itself has to be asked.
func (c *Call) read(r *resp.Request) bool {
	if !c.mayRead(r) {
		return false
	}
	conn := c.e.replicaFor(c.server, firstKey(r, c.e.positions))
	if conn == nil || !c.SendOn(conn, call.Lead, nil, r.Raw, ascii.ShapeLine) {
		return false
	}
	c.plan, c.search.raw = planRead, append(c.search.raw[:0], r.Raw...)
	return true
}

// mayRead reports whether a replica may answer a command. Large commands are not kept for a second attempt.
func (c *Call) mayRead(r *resp.Request) bool { return !c.fresh && r.Owner == nil && r.Command.Reads() }

// firstKey returns the first key of a command that reads. positions are those of its keys, if ServerOf has got it.
func firstKey(r *resp.Request, positions []int) []byte {
	if r.Command.SingleKey() || r.Command.Route != resp.RouteKeys || len(positions) == 0 {
		return r.Args[1]
	}
	return r.Args[positions[0]]
}

// replicaFor returns the connection to the replica of a server that is asked for a key; nil: there is none.
func (e *Engine) replicaFor(server int, key []byte) *backend.Conn {
	hash := uint32(0)
	if len(key) > 0 {
		hash = e.Hash(key)
	}
	return e.Replicas.Pick(server, hash)
}

// onRead handles the reply of a replica.
func (c *Call) onRead(from *backend.Conn, r *ascii.Reply) {
	if !c.unanswered(c.server, from, r) {
		c.Finish(r.Raw)
		return
	}
	c.plan = planCommand
	if c.NoRoomAt(call.Lead, c.server) || !c.Send(c.server, call.Lead, nil, c.search.raw, ascii.ShapeLine) {
		c.fail()
	}
}

// unanswered reports whether the reply of a replica is none, so that the master has to be asked.
func (c *Call) unanswered(server int, from *backend.Conn, r *ascii.Reply) bool {
	refused := r.Kind != ascii.Lost && resp.IsNotReady(r.Raw)
	if r.Kind != ascii.Lost && !refused {
		return false
	}
	c.e.Replicas.Repeat(server, from, refused)
	return true
}

// readParts has replicas answer the parts of a command, as far as that may be.
func (c *Call) readParts(r *resp.Request) {
	if !c.mayRead(r) {
		return
	}
	m := c.parts
	for part, server := range m.server {
		first := 0
		for m.owner[first] != uint16(part) {
			first++
		}
		m.at = append(m.at, c.e.replicaFor(server, r.Args[1+first]))
	}
}

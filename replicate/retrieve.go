package replicate

import (
	"math"

	"magent/ascii"
	"magent/backend"
	"magent/internal/call"
)

// retrieval is what a call for many keys needs beyond a Call. It stays with its Call for the next use.
//
// A fragment is the part of the keys that one server is asked for. Every key belongs to one fragment; when that fails,
// its keys are moved to new fragments for their backups.
type retrieval struct {
	keys    []byte      // the key list, as the client wrote it
	exptime int64       // gat, gats
	owner   []uint16    // the fragment of each key; lost: nobody could be asked
	replies [][]byte    // the reply of each fragment
	asked   []asking    // whom a fragment was asked of
	touch   []touch     // gat: what became of the touch of each key on its backup
	lost    int         // keys that nobody could answer for
	hits    int         // VALUE blocks in all fragments
	refused ascii.Reply // a server's error line; Raw is a copy
}

// asking is to whom a fragment was sent, and when.
type asking struct {
	server uint16
	again  bool   // after another server, or another time
	marks  uint64 // failover.Dirty.Marks of the server then
}

// touch is how far the touch that goes to the backup of a key beside a gat has come.
type touch uint8

const (
	notTouched touch = iota // not sent
	touchSent
	touchFound // the backup has the key
	touchApart // both copies are asked to touch it by a request of its own: what is left is to read it
)

// lost is the fragment of a key that nobody could be asked for.
const lost = math.MaxUint16

func (m *retrieval) reset() {
	for i, b := range m.replies {
		m.replies[i] = call.Trim(b)
	}
	*m = retrieval{keys: call.Trim(m.keys), owner: m.owner[:0], replies: m.replies[:0], asked: m.asked[:0], touch: m.touch[:0]}
}

// maxTouchLine is where the line of a gat is continued in another fragment: memcached closes a connection over a line of
// more than 2048 bytes, unless it is a get or gets.
const maxTouchLine = 2000

// touches reports whether a retrieval gives its keys a new exptime.
func touches(op ascii.Op) bool { return op == ascii.OpGat || op == ascii.OpGats }

// fragments is the engine's scratch space for splitting keys by server.
type fragments struct {
	of    []int    // by server, twice (assign): its last fragment + 1 in the split under way
	lines [][]byte // by fragment of the split under way: the command line
	to    []int    // and the server

	cursors [][]byte // of a merge: what is left of each reply
}

// retrieve splits the keys of r by server and asks all servers at once.
func (e *Engine) retrieve(c *Call, r *ascii.Request) {
	if c.many == nil {
		c.many = &retrieval{}
	}
	m := c.many
	m.exptime = r.Exptime
	m.keys = append(m.keys[:0], r.Keys...)
	for range r.NumKeys {
		m.owner = append(m.owner, lost)
		m.touch = append(m.touch, notTouched)
	}
	if touches(r.Op) {
		c.touchBackups()
	}
	c.ask(lost, nobody, false)
	if c.Waiting() == 0 {
		c.merge(lost, nil)
	}
}

// touchBackups gives the backup of every key whose primary will be asked the new exptime, too. Where there is a queue, the touch
// has to take its place in it.
func (c *Call) touchBackups() {
	e, m := c.e, c.many
	i := 0
	for key, rest := ascii.NextKey(m.keys); len(key) > 0; key, rest = ascii.NextKey(rest) {
		p, b := e.Pair(key)
		x := e.orders.of(key)
		queue := x != nil && x.first != nil
		if queue && !e.Full(p) && !e.Full(b) {
			m.touch[i] = touchApart
			e.Do(e.NewCall(nobodyListens{}), &ascii.Request{Op: ascii.OpTouch, Key: key, Exptime: m.exptime})
		} else if b >= 0 && e.Health.Readable(p) {
			if queue {
				x.spoiled = true
			}
			e.line = ascii.AppendTouch(e.line[:0], key, m.exptime)
			if c.send(b, slotTouch+uint16(i), e.line, nil, ascii.ShapeLine) {
				m.touch[i] = touchSent
			} else {
				e.MarkMissed(b, key)
			}
		}
		i++
	}
}

// nobodyListens is the client of a request that nobody has made.
type nobodyListens struct{}

func (nobodyListens) Answer(c *call.Call, _ []byte) { c.Release() }

// nobody is no server.
const nobody = -1

// ask splits the keys that belong to the fragment from into new fragments and sends them to the copies whose word counts. Where
// these are keys that server tried was asked for in vain, they go to the other one, or, if that cannot be read and anew is set,
// to the same once more.
func (c *Call) ask(from uint16, tried int, anew bool) {
	e, m, f := c.e, c.many, &c.e.frags
	first := len(m.replies)
	clear(f.of)
	f.to = f.to[:0]
	i := 0
	for key, rest := ascii.NextKey(m.keys); len(key) > 0; key, rest = ascii.NextKey(rest) {
		if m.owner[i] == from {
			m.owner[i] = c.assign(key, m.touch[i], tried, anew, first)
		}
		i++
	}
	for n, server := range f.to {
		id := uint16(first + n)
		line := append(f.lines[n], "\r\n"...)
		f.lines[n] = line
		if e.Full(server) || !c.send(server, id, line, nil, ascii.ShapeValues) {
			c.abandon(id)
			continue
		}
		m.asked[id].again, m.asked[id].marks = tried != nobody, e.Dirty(server).Marks()
		e.Count.Fragments++
		switch {
		case tried != nobody:
			e.Count.Retries++
		case server >= e.NumPrimaries:
			e.Count.Failovers++
		}
	}
}

// assign puts key on the command line of its server and returns the fragment. A copy that was touched already is read
// only: the keys of which that is true have fragments of their own.
func (c *Call) assign(key []byte, touched touch, tried int, anew bool, first int) uint16 {
	e, m, f := c.e, c.many, &c.e.frags
	e.Hot.Touch(key)
	server, other := e.place(key)
	switch {
	case tried != nobody:
		if server == tried {
			server, other = other, server
		}
		if anew && (server < 0 || !e.Health.Readable(server)) {
			server, other = other, server
		}
	case !e.Health.Readable(server):
		server, other = other, server
	case server >= e.NumPrimaries:
		e.avoided(other, key)
	}
	if server < 0 || !e.Health.Readable(server) {
		m.lost++
		return lost
	}
	if touches(c.op) && touched != touchApart {
		if server >= e.NumPrimaries || tried != nobody {
			e.MarkMissed(other, key) // it misses the touch, or has perhaps missed it
		}
		e.Overtaken(key)
	}
	e.Hide(server, key)
	op, last := c.op, &f.of[server]
	if touched == touchApart || touched != notTouched && server >= e.NumPrimaries {
		op, last = readOnly(c.op), &f.of[len(e.Conns)+server]
	}
	if n := *last; n == 0 || touches(op) && len(f.lines[n-1])+len(key) > maxTouchLine {
		f.to = append(f.to, server)
		n := len(f.to)
		*last = n
		if len(f.lines) < n {
			f.lines = append(f.lines, nil)
		}
		f.lines[n-1] = ascii.AppendRetrieval(f.lines[n-1][:0], op, m.exptime)
		m.addFragment(server)
	}
	n := *last - 1
	f.lines[n] = append(append(f.lines[n], ' '), key...)
	return uint16(first + n)
}

// addFragment makes place for one more reply, in a buffer of an earlier use where there is one.
func (m *retrieval) addFragment(server int) {
	if n := len(m.replies); n < cap(m.replies) {
		m.replies = m.replies[:n+1]
		m.replies[n] = m.replies[n][:0]
	} else {
		m.replies = append(m.replies, nil)
	}
	m.asked = append(m.asked, asking{server: uint16(server)})
}

// readOnly is op without the touch.
func readOnly(op ascii.Op) ascii.Op {
	if op == ascii.OpGats {
		return ascii.OpGets
	}
	return ascii.OpGet
}

// key is the i-th key of the list.
func (m *retrieval) key(i int) []byte {
	key, rest := ascii.NextKey(m.keys)
	for ; i > 0; i-- {
		key, rest = ascii.NextKey(rest)
	}
	return key
}

// abandon gives the keys of a fragment up.
func (c *Call) abandon(id uint16) {
	m := c.many
	for i := range m.owner {
		if m.owner[i] == id {
			m.owner[i] = lost
			m.lost++
		}
	}
}

// ofBackup reports whether a fragment was asked of a backup.
func (c *Call) ofBackup(id uint16) bool { return int(c.many.asked[id].server) >= c.e.NumPrimaries }

// outdatedPart reports whether the server of a fragment is known by now to have held a wrong value of one of its keys when it was
// asked.
func (c *Call) outdatedPart(id uint16) bool {
	m := c.many
	a := m.asked[id]
	if c.e.Backups == nil || c.e.Dirty(int(a.server)).Empty() {
		return false
	}
	i := 0
	for key, rest := ascii.NextKey(m.keys); len(key) > 0; key, rest = ascii.NextKey(rest) {
		if m.owner[i] == id && c.e.outdated(int(a.server), key, a.marks) {
			return true
		}
		i++
	}
	return false
}

func (c *Call) onFragment(slot uint16, from *backend.Conn, r *ascii.Reply) {
	m := c.many
	if slot >= slotTouch {
		switch r.Kind {
		case ascii.Touched:
			m.touch[slot-slotTouch] = touchFound
		case ascii.Lost:
			key := m.key(int(slot - slotTouch))
			_, b := c.e.Pair(key)
			c.e.MarkMissed(b, key)
		}
		if c.Waiting() == 0 {
			c.merge(lost, nil)
		}
		return
	}
	if r.Kind == ascii.Values && !m.answersTo(slot, r.Raw) {
		c.Await() // for the loss
		from.Distrust(backend.ErrWrongKey)
		return
	}
	server := int(m.asked[slot].server)
	switch outdated := r.Kind == ascii.Values && c.outdatedPart(slot); {
	case r.Kind == ascii.Values && !outdated:
		m.hits += r.Hits
		c.e.ReadThrough(server, r.Raw)
		reply := c.withMarks(server, r.Raw)
		if c.Waiting() == 0 {
			c.merge(slot, reply)
			return
		}
		m.replies[slot] = append(m.replies[slot][:0], reply...)
	case r.Kind != ascii.Lost && !outdated:
		m.refused = ascii.Reply{Kind: r.Kind, Raw: append([]byte(nil), r.Raw...)}
	case m.asked[slot].again || c.e.Backups == nil:
		c.abandon(slot)
	default:
		c.ask(slot, server, outdated)
	}
	if c.Waiting() == 0 {
		c.merge(lost, nil)
	}
}

// answersTo reports whether a reply has keys of this fragment only, in their order.
func (m *retrieval) answersTo(id uint16, reply []byte) bool {
	keys := m.keys
	found, _, rest := ascii.NextValue(reply)
	for i := 0; len(found) > 0; i++ {
		var key []byte
		if key, keys = ascii.NextKey(keys); len(key) == 0 {
			return false
		}
		if m.owner[i] == id && string(key) == string(found) {
			found, _, rest = ascii.NextValue(rest)
		}
	}
	return true
}

// merge answers the client, all fragments being there: last in the fragment slot, the others in m.replies.
func (c *Call) merge(slot uint16, last []byte) {
	m := c.many
	if c.Answered() {
		return
	}
	if touches(c.op) && c.e.Backups != nil && m.refused.Raw == nil {
		c.settleTouches(slot, last)
	}
	switch {
	case m.refused.Raw != nil:
		c.finish(m.refused.Kind, m.refused.Raw)
		return
	case m.lost > 0 && (c.e.Backups != nil || m.lost == len(m.owner)):
		c.fail() // a pool without backups returns the hits that there are
		return
	}
	c.e.countRetrieval(c.op, len(m.owner), m.hits)
	if len(m.replies) == 1 && last != nil {
		c.finish(ascii.Values, last)
		return
	}
	cursors := c.cursors(slot, last)
	c.Held = MergeValues(c.Held[:0], m.keys, m.owner, cursors)
	clear(cursors)
	c.finish(ascii.Values, c.Held)
}

// cursors is the replies of all fragments.
func (c *Call) cursors(slot uint16, last []byte) [][]byte {
	f := &c.e.frags
	f.cursors = append(f.cursors[:0], c.many.replies...)
	if slot != lost {
		f.cursors[slot] = last
	}
	return f.cursors
}

// settleTouches deletes the keys that a backup has touched and the primary does not have: such a value would live on.
func (c *Call) settleTouches(slot uint16, last []byte) {
	e, m := c.e, c.many
	cursors := c.cursors(slot, last)
	keys := m.keys
	var key []byte
	for i, o := range m.owner {
		key, keys = ascii.NextKey(keys)
		if o == lost || c.ofBackup(o) {
			continue
		}
		if found, _, after := ascii.NextValue(cursors[o]); string(found) == string(key) {
			cursors[o] = after
		} else if m.touch[i] == touchFound {
			_, b := e.Pair(key)
			e.MarkDiverged(b, key)
		}
	}
	clear(cursors)
}

// MergeValues writes the VALUE blocks of the replies in the order of keys, and END. owner says for each key in which
// reply its block is to be found, if it was a hit: servers reply in the order of their keys, so it is the next one
// there or missing. The elements of replies are moved along: they are left behind the blocks that were taken.
func MergeValues(dst, keys []byte, owner []uint16, replies [][]byte) []byte {
	for i := 0; ; i++ {
		var key []byte
		if key, keys = ascii.NextKey(keys); len(key) == 0 {
			return append(dst, "END\r\n"...)
		}
		o := owner[i]
		if int(o) >= len(replies) {
			continue
		}
		found, block, after := ascii.NextValue(replies[o])
		if string(found) == string(key) {
			dst = append(dst, block...)
			replies[o] = after
		}
	}
}

package core

import (
	"maps"
	"slices"

	"magent/internal/fault"
	"magent/internal/fleet/view"
)

// maxRecords is how many records one message has.
const maxRecords = 256

// window is how many records are on their way to a member at once. It has to keep up before it is sent more: records
// come by hundreds of thousands where a server has missed as many keys, and what asks for a lease waits behind them.
const window = 4 * maxRecords

// maxAhead is how many messages wait for the next view, and one.
const maxAhead = 63

// stream is what this process records: every member of the view but witnesses has to keep it, in order.
type stream struct {
	seq   uint64 // of the last record
	first uint64 // of log[0]
	log   []Record
	peers map[string]*peer
}

// peer is a process that keeps records.
type peer struct {
	incarnation uint64
	base        uint64 // it was not there before
	kept        uint64
	sent        uint64 // of the last that was sent to it; at least kept, and at most window more
	noted       uint64 // what it had kept at the last tick
	behind      int    // ticks without progress
	again       int    // the tick in which records were sent again, because they came out of order
}

func newStream() stream { return stream{first: 1, peers: map[string]*peer{}} }

// keptByAll is the last record that all have.
func (s *stream) keptByAll() uint64 {
	kept := s.seq
	for _, p := range s.peers {
		kept = min(kept, p.kept)
	}
	return kept
}

func (s *stream) settled() bool { return s.keptByAll() == s.seq }

// trim forgets what all have. What is left is not copied, so that it costs the same however long the log is.
func (s *stream) trim() {
	n := s.keptByAll() + 1 - s.first
	clear(s.log[:n])
	s.first += n
	if s.log = s.log[n:]; len(s.log) == 0 {
		s.log = nil
	}
}

// Record tells all members of the view something that they have to know when this process is dead, and returns its
// number. What depends on it waits until Kept says so. It is sent with the next Take.
func (c *Core) Record(r Record) (seq uint64) {
	if r.Kind == Address || r.Kind == Lost || r.Kind == Gone {
		if r.Name == "" {
			r.Name, r.Incarnation, r.Life = c.cfg.Name, c.meta.Incarnation, c.life
		}
	}
	own := r.Name == c.cfg.Name && r.Incarnation == c.meta.Incarnation
	c.known.take(r, own, c.now+c.cfg.Lease) // now may be long ago, but nothing was written after the lease
	if r.Kind == Knowledge {
		c.epochs[r.Group] = max(c.epochs[r.Group], r.Epoch)
	}
	s := &c.stream
	s.seq++
	s.log = append(s.log, r)
	if len(s.peers) == 0 {
		s.trim()
	}
	return s.seq
}

// Recorded is the number of the last record of this process.
func (c *Core) Recorded() uint64 { return c.stream.seq }

// KeptTo is the number up to which all records are kept by all members of the view.
func (c *Core) KeptTo() uint64 { return c.stream.keptByAll() }

// Kept tells whether a record, and all before it, is kept by all members of the view. A reply leaves, a read's
// included, when all records that were made before it was complete are kept.
func (c *Core) Kept(seq uint64) bool { return fault.Records || c.stream.keptByAll() >= seq }

// Announced tells the same of an Address: then mutations may be sent on that connection.
func (c *Core) Announced(seq uint64) bool { return fault.Announce || c.stream.keptByAll() >= seq }

// peers brings those who keep records into line with the view, and has those told all who join.
func (c *Core) peers() {
	for name, p := range c.stream.peers {
		if !c.in || !c.view.Has(name, p.incarnation) {
			delete(c.stream.peers, name)
		}
	}
	c.stream.trim()
	if !c.in {
		return
	}
	for i := range c.view.Members {
		m := &c.view.Members[i]
		if m.Name == c.cfg.Name || m.Witness || m.State == view.Absent {
			continue
		}
		if c.stream.peers[m.Name] == nil {
			seq := c.stream.seq
			c.stream.peers[m.Name] = &peer{incarnation: m.Incarnation, base: seq, kept: seq, sent: seq, noted: seq}
		}
		if m.State == view.Joining && c.Joined() && !c.cfg.witness() && !c.telling[m.Incarnation] {
			c.telling[m.Incarnation] = true
			c.tell(m)
		}
	}
}

// tell records all addresses again, and has the shell do the same with all that it knows.
func (c *Core) tell(m *view.Member) {
	for _, a := range c.known.all() {
		c.Record(a)
	}
	c.decide(Decision{Act: Tell, Name: m.Name, Incarnation: m.Incarnation})
}

// Told says that all has been recorded, as Tell has asked.
func (c *Core) Told(name string, incarnation uint64) {
	c.Record(Record{Kind: Told, Name: name, Incarnation: incarnation})
}

// flushRecords sends what is new to all, as far as they keep up.
func (c *Core) flushRecords() {
	for _, name := range slices.Sorted(maps.Keys(c.stream.peers)) {
		p := c.stream.peers[name]
		c.sendRecords(name, p.sent+1, p.kept+window)
	}
}

// resend repeats what was not acknowledged, where nothing was for a whole tick: who is slow does not get all twice.
func (c *Core) resend() {
	for _, name := range slices.Sorted(maps.Keys(c.stream.peers)) {
		p := c.stream.peers[name]
		if p.kept > p.noted || p.kept >= c.stream.seq {
			p.noted, p.behind = p.kept, 0
			continue
		}
		if p.behind%againTicks == 0 {
			c.sendRecords(name, p.kept+1, p.sent)
		}
		p.behind++
	}
}

// sendRecords sends a member the records from one to another, as far as there are any.
func (c *Core) sendRecords(name string, from, to uint64) {
	s := &c.stream
	p := s.peers[name]
	to = min(to, s.seq)
	for first := from; first <= to; first += maxRecords {
		last := min(first+maxRecords-1, to)
		c.send(name, Message{Records: &Records{
			Base: p.base, First: first, Records: slices.Clone(s.log[first-s.first : last+1-s.first]),
		}})
		p.sent = max(p.sent, last)
	}
}

// store keeps what another process records, and acknowledges it. What has come already is acknowledged again.
func (c *Core) store(from string, m Message) {
	if !c.in || !c.view.Has(from, m.Incarnation) {
		return // it, or this process, is not in the view, or not yet as far as this process knows
	}
	last, ok := c.inbound[m.Incarnation]
	if !ok {
		last = m.Records.Base
	}
	for i, r := range m.Records.Records {
		if m.Records.First+uint64(i) != last+1 {
			continue
		}
		if c.beyond(r) {
			c.ahead = append(c.ahead[:min(len(c.ahead), maxAhead)], ahead{from, m})
			break
		}
		last++
		c.keep(from, m.Incarnation, r)
	}
	c.inbound[m.Incarnation] = last
	c.send(from, Message{Kept: &Kept{Incarnation: m.Incarnation, Seq: last}})
}

func (c *Core) keep(from string, incarnation uint64, r Record) {
	c.known.take(r, from == r.Name && incarnation == r.Incarnation, c.now)
	if r.Kind == Told && r.Name == c.cfg.Name && r.Incarnation == c.meta.Incarnation {
		c.told[incarnation] = true
	}
	if r.Kind != Knowledge || r.Clears && r.Epoch < c.epochs[r.Group] {
		return
	}
	c.epochs[r.Group] = max(c.epochs[r.Group], r.Epoch)
	c.decide(Decision{Act: Store, Name: from, Incarnation: incarnation, Record: r})
	if _, owns := c.Owns(r.Group); owns && !r.Clears {
		// It is of an earlier epoch, and late. Others may have forgotten it over what this process has cleared.
		r.Epoch = c.holds[r.Group].since
		c.Record(r)
	}
}

func (c *Core) kept(from string, m Message) {
	p := c.stream.peers[from]
	if p == nil || p.incarnation != m.Incarnation || m.Kept.Incarnation != c.meta.Incarnation {
		return
	}
	if m.Kept.Seq <= p.kept {
		if p.kept < p.sent && p.behind > 0 && p.again < c.tick {
			// It has got something that it cannot use: what is before that is lost.
			p.again = c.tick
			c.sendRecords(from, p.kept+1, p.sent)
		}
		return
	}
	p.kept, p.behind = min(m.Kept.Seq, c.stream.seq), 0
	p.sent = max(p.sent, p.kept)
	c.stream.trim()
}

// ahead are records that another member may have made by pools that this one does not know yet.
type ahead struct {
	from string
	m    Message
}

// beyond tells whether a record is of a later epoch than this member's, with other pools perhaps. It may be about keys
// that a group does not have here yet, and void what is known of those that leave it. That cannot be without a change
// in the view, for the pools do not change before this member holds.
func (c *Core) beyond(r Record) bool {
	return r.Kind == Knowledge && c.view.Change != nil && r.Epoch > c.view.Epoch && !fault.Ahead
}

// catchUp keeps what has waited for the view.
func (c *Core) catchUp() {
	waited := c.ahead // what is left out here is sent again
	c.ahead = nil
	for _, a := range waited {
		c.store(a.from, a.m)
	}
}

package session

import (
	"golang.org/x/sys/unix"

	"magent/internal/fleet/forward"
	"magent/internal/lifecycle"
	"magent/internal/loop"
	"magent/internal/pool"
)

// A link is a session whose client is another member of the fleet. It brings the requests of all clients of one of
// that member's loops. They are carried out if this process decides in the epoch that is meant, and until the time
// that the member has set (package forward). Else they are given back, or came too late.
//
// A link is not held to what a single client may ask for (limits.go), nor counted as one.

// Link is a connection that another member has made.
type Link struct {
	FD   int        // non-blocking; the session owns it
	Seal *loop.Seal // nil: what is sent is not sealed
	From string     // the member's name
	Done func()     // called when the session has ended
	Pool int        // the index of the pool that its requests are for
}

// OpenLink makes a session for a connection of another member, on the loop with the fewest of them. It may be called
// from any goroutine.
func (g *Group) OpenLink(l Link) {
	sh := g.Shards[int(g.opened.Add(1)-1)%len(g.Shards)]
	sh.L.Post(loop.TaskFunc(func() { sh.OpenLink(l) }))
}

// OpenLink makes a session for a connection of another member. It runs on the loop.
func (sh *Shard) OpenLink(l Link) {
	var p *pool.Pool
	if l.Pool < len(sh.Pools) {
		p = sh.Pools[l.Pool]
	}
	if p == nil { // it has been removed
		unix.Close(l.FD)
		l.Done()
		return
	}
	k := &link{from: l.From, done: l.Done}
	s := &Session{sh: sh, pool: p, demand: &Demand{l: sh.L}, active: sh.L.Now(), more: &extra{link: k}}
	sh.add(s)
	sh.links++
	if err := s.s.OpenSealed(sh.L, l.FD, l.Seal, loop.Readable, s); err != nil {
		s.close()
		return
	}
	if s.askTime(); sh.Draining || p.Relay {
		s.giveBack()
	}
}

// GiveBack ends all links of a pool in good order, because this process decides for it no more: what was begun is
// answered, and the rest is given back.
func (sh *Shard) GiveBack(p *pool.Pool) {
	for s := range sh.all() {
		if s.link() != nil && s.pool == p {
			s.giveBack()
		}
	}
}

// EndLinks ends the links of a member at once: it is out of the fleet.
func (sh *Shard) EndLinks(member string) {
	for s := range sh.all() {
		if s.link() != nil && s.link().from == member {
			s.link().state = broken
			s.fail()
		}
	}
}

// giveBack ends a link. What was begun is answered; what was read but not begun is not carried out.
func (s *Session) giveBack() {
	s.endLink(forward.Mark{Kind: forward.Return, Epoch: s.pool.Epoch})
}

// endLink is giveBack with a last word.
func (s *Session) endLink(last forward.Mark) {
	if s.link().state == carrying && s.phase < lifecycle.Lingering {
		s.link().state, s.link().last = returning, last
		s.stop()
	}
}

// lastWord writes the last word of a link that is given back, once. It reports whether everything is said.
func (s *Session) lastWord() bool {
	k := s.link()
	if k.state != returning {
		return true
	}
	k.state = returned
	s.writeMark(k.last)
	return false
}

// replaceLinked is Replace for a link. What it was asked for is decided by the new pool, if that decides.
func (s *Session) replaceLinked(after *pool.Pool) {
	if after == nil || after.Relay {
		s.giveBack()
	}
	if after != nil {
		s.pool = after
	}
	s.scheduleFlush()
}

// askLinks asks all members for the time.
func (sh *Shard) askLinks() {
	if sh.links == 0 {
		return
	}
	for s := range sh.all() {
		if s.link() != nil && s.link().state == carrying && s.phase == lifecycle.Open {
			s.askTime()
		}
	}
}

// askTime asks the member for the time, unless it still owes the answer to the last question.
func (s *Session) askTime() {
	if s.link().intake.Ask(s.sh.group.Clock()) {
		s.writeMark(forward.Mark{Kind: forward.Question})
	}
}

// writeMark writes a mark behind the replies that are written.
func (s *Session) writeMark(m forward.Mark) {
	if s.phase >= lifecycle.Lingering || s.peer == lifecycle.Gone {
		return
	}
	s.link().mark = forward.AppendMark(s.link().mark[:0], m)
	if s.collects() {
		s.collect(s.link().mark)
	} else {
		s.s.Write(s.link().mark)
	}
	s.scheduleFlush()
}

// breakOff ends a link without a last word, because what comes is not what a member sends.
func (s *Session) breakOff() {
	s.link().state = broken
	s.sh.group.Complain("a member of the fleet sends what is no request: its connection was closed")
	s.fail()
}

const lateLine = "SERVER_ERROR fleet: the request came too late, and was not carried out\r\n"

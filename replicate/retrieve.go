package replicate

import (
	"magent/ascii"
	"magent/backend"
	"magent/replicate/decide"
)

// retrieve splits the keys of r by server and asks all servers at once.
func (e *Engine) retrieve(c *Call, r *ascii.Request) {
	if c.many == nil {
		c.many = &retrieval{}
	}
	m := c.many
	m.exptime = r.Exptime
	m.take(e.Servers, r.Keys)
	touched := touches(r.Op)
	if touched {
		c.noteKeys()
		c.keysLeaveMemory()
		c.touchBackups()
	}
	c.ask(lost, nobody, false)
	if touched {
		c.touchApart()
	}
	if c.Waiting() == 0 {
		c.merge(lost, nil)
	}
}

// ask splits the keys of fragment from into new fragments and sends these to the copies that lead. If server tried is
// not nobody, it has failed to answer: the keys go to their other copies. If those cannot be read and anew is set, the
// keys go to tried once more.
func (c *Call) ask(from uint16, tried int, anew bool) {
	e, m, f := c.e, c.many, &c.e.frags
	first := len(m.replies)
	clear(f.of)
	f.to = f.to[:0]
	for i, o := range m.owner {
		if o == from {
			m.owner[i] = c.assign(i, tried, anew, first)
		}
	}
	for n, server := range f.to {
		id := uint16(first + n)
		line := append(f.lines[n], "\r\n"...)
		f.lines[n] = line
		if e.Full(server) != backend.HasRoom || !c.send(server, id, line, nil, ascii.ShapeValues) {
			c.abandon(id)
			continue
		}
		if !touches(c.op) {
			e.Conns[server].Repeatable()
		}
		m.asked[id].seq = e.Dirty(server).Seq()
		if tried != nobody {
			m.asked[id].tries = m.asked[from].tries + 1
		}
		e.Count.Fragments++
		switch {
		case tried != nobody:
			e.Count.Retries++
		case server >= e.NumPrimaries:
			e.Count.Failovers++
		}
	}
}

// assign appends the key with index i to the command line of its server and returns its fragment. first is the first
// fragment of this split; the other parameters are those of ask. A key whose copy there has been touched already is
// only read, in a separate fragment (readOnly).
func (c *Call) assign(i, tried int, anew bool, first int) uint16 {
	e, m, f := c.e, c.many, &c.e.frags
	key, touched := m.key(i), m.touch[i]
	e.Hot.Touch(key)
	server, other := c.placeKey(i)
	lead, asked := e.ReachRead(server), decide.AttemptNone
	if tried != nobody {
		asked = decide.AttemptFollow
		if server == tried {
			asked = decide.AttemptLead
		}
	}
	follow := other >= 0 && (asked != decide.AttemptNone || !lead) && e.Health.Readable(other)
	if asked == decide.AttemptLead && follow && !e.mayRepeat(server, other, key) {
		follow = false
	}
	switch asked.Next(anew, lead, follow) {
	case decide.ChooseNobody:
		m.lose(i, e.Conns[server].Err())
		return lost
	case decide.ChooseFollow:
		server, other = other, server
	case decide.ChooseLead:
		if asked == decide.AttemptNone && server >= e.NumPrimaries {
			e.avoided(other, key)
		}
	}
	if touches(c.op) && touched != touchApart {
		if server >= e.NumPrimaries || tried != nobody {
			e.MarkMissed(other, key) // it misses the touch, or may have missed it
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

// abandon notes that no server could answer the keys of a fragment.
func (c *Call) abandon(id uint16) {
	m := c.many
	why := c.e.Conns[m.asked[id].server].Err()
	for i, o := range m.owner {
		if o == id {
			m.lose(i, why)
		}
	}
}

// outdatedPart reports whether the server of a fragment is now known to have held a wrong value of one of its keys
// when it was asked.
func (c *Call) outdatedPart(id uint16) bool {
	m := c.many
	a := m.asked[id]
	if c.e.Backups == nil || c.e.Dirty(int(a.server)).Empty() {
		return false
	}
	for i, o := range m.owner {
		if o == id && c.e.outdated(int(a.server), m.key(i), a.seq) {
			return true
		}
	}
	return false
}

// onFragment handles the reply to a fragment.
func (c *Call) onFragment(slot uint16, from *backend.Conn, r *ascii.Reply) {
	m := c.many
	server := int(m.asked[slot].server)
	s := decide.FragmentReply{
		Kind: r.Kind, Tries: int(m.asked[slot].tries),
		Alone: c.e.Backups == nil || !c.plan.Elsewhere().Allows(true),
	}
	if r.Kind == ascii.Values {
		s.Foreign = !m.answersTo(slot, r.Raw)
		s.Outdated = !s.Foreign && c.outdatedPart(slot)
	}
	switch step := s.Next(); step {
	case decide.FragmentDistrust:
		c.Await() // Distrust reports this request as lost, too
		from.Distrust(backend.ErrWrongKey)
		return
	case decide.FragmentTake:
		m.hits += r.Hits
		c.awaitKeys(slot)
		c.e.ReadThrough(server, r.Raw)
		reply := c.withTags(server, r.Raw)
		if c.Waiting() == 0 {
			c.merge(slot, reply)
			return
		}
		m.replies[slot] = append(m.replies[slot][:0], reply...)
	case decide.FragmentRefused:
		m.refused = ascii.Reply{Kind: r.Kind, Raw: append([]byte(nil), r.Raw...)}
	case decide.FragmentGiveUp:
		c.abandon(slot)
	case decide.FragmentAsk, decide.FragmentAskAnew:
		c.ask(slot, server, step == decide.FragmentAskAnew)
	}
	if c.Waiting() == 0 {
		c.merge(lost, nil)
	}
}

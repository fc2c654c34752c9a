package replicate

import (
	"magent/ascii"
	"magent/backend"
	"magent/backend/hello"
	"magent/internal/hot"
)

// fromMemory answers r, a get or gets of one key, or has it wait for a read that is under way or begins now. It
// reports false if it has done neither.
func (e *Engine) fromMemory(c *Call, r *ascii.Request) bool {
	m := &e.memory
	if c.op != ascii.OpGet && c.op != ascii.OpGets || m.May != nil && !m.May() {
		return false
	}
	f := e.refreshed().Ask(r.Key, m.Now())
	switch f.What {
	case hot.Pass:
		return false
	case hot.Hit, hot.Again:
		e.Count.HotHits++
		c.answerValue(f.Reply, f.CAS)
		if f.What == hot.Hit {
			return true
		}
	}
	if f.What != hot.Join && !e.mayFill(r.Key) {
		m.Cache.Failed(f.Read)
		return f.What == hot.Again
	}
	if f.What != hot.Join {
		m.take(f.Read)
	}
	if f.What != hot.Again {
		c.key = append(c.key[:0], r.Key...)
		m.fills[f.Read].add(c)
	}
	if f.What != hot.Join {
		e.ask(m.fills[f.Read])
	}
	return true
}

// mayFill reports whether the server of a key can be asked by mg. While it is being connected, that is not known.
func (e *Engine) mayFill(key []byte) bool {
	lead, follow := e.place(key)
	if follow >= 0 && !e.Health.Readable(lead) {
		lead = follow
	}
	conn := e.Conns[lead]
	return conn.Ready() && conn.Meta() == hello.FullMeta && e.Full(lead) == backend.HasRoom
}

// take makes the fill of a read.
func (m *memory) take(read int) {
	for len(m.fills) <= read {
		m.fills = append(m.fills, nil)
	}
	x := &fill{}
	if n := len(m.spare); n > 0 {
		x, m.spare = m.spare[n-1], m.spare[:n-1]
	}
	x.read, x.first, x.last = read, nil, nil
	m.fills[read] = x
}

// add has a get wait.
func (x *fill) add(c *Call) {
	c.Await()
	if x.first == nil {
		x.first = c
	} else {
		x.last.waits = c
	}
	x.last = c
}

// maxAsk bounds the command line of a fill, in bytes.
const maxAsk = 1 << 10

// ask sends the request of a fill.
func (e *Engine) ask(x *fill) {
	m := &e.memory
	m.line = hot.AppendAsk(m.line[:0], m.Cache.Key(x.read))
	x.call = e.NewCall(x)
	x.call.fill = true
	if _, st := ascii.Next(m.line, ascii.Limits{MaxLine: maxAsk}, &m.req); st != ascii.Complete {
		panic("replicate: a key that was accepted in a get is refused in an mg")
	}
	e.Do(x.call, &m.req)
}

package backend

import "magent/internal/loop"

// perTurn is how many connections Later makes in a turn of the loop. Each takes some system calls.
const perTurn = 4

// Later makes many connections, a few in each turn of their loop, so that others are served in between. Its zero value
// is ready for use.
type Later struct {
	l       *loop.Loop
	waiting []*Conn
}

// Connect has c connect in one of the next turns, or in this one if there is a request for it. It does nothing where
// c.Connect does nothing. From now on c is connecting. Its deadline counts from when it begins.
func (q *Later) Connect(c *Conn) {
	if c.state != down || c.wanted || c.shut {
		return
	}
	if c.relay != nil || len(c.drains) > 0 {
		c.Connect()
		return
	}
	c.state, c.late = connecting, true
	c.l.Set(c.clock, c.opt.ConnectTimeout)
	q.l = c.l
	if q.waiting = append(q.waiting, c); len(q.waiting) == 1 {
		q.l.MarkNext(q)
	}
}

// Flush is called by the loop.
func (q *Later) Flush() {
	n := 0
	for i := 0; i < perTurn && n < len(q.waiting); n++ {
		if q.waiting[n].late { // it may have begun or ended meanwhile
			q.waiting[n].begin()
			i++
		}
	}
	if q.waiting = q.waiting[n:]; len(q.waiting) > 0 {
		q.l.MarkNext(q)
	} else {
		q.waiting = nil
	}
}

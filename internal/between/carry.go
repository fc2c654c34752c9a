package between

import (
	"magent/ascii"
	"magent/internal/call"
	"magent/internal/pool"
)

// carried is a request that one pool leaves to another that takes its place. It is the client of the call there.
type carried struct{ pool.Left }

// Answer passes the reply on.
func (c *carried) Answer(in *call.Call, reply []byte) {
	c.Left.Answer(reply)
	in.Release()
}

// CarryOn has the pool that takes the place of another carry out what that one has left, in front of everything that
// clients ask for next. after is nil if there is none. It runs on the loop, or while all stand still.
func (l *Loop) CarryOn(before, after *pool.Pool) {
	for _, left := range before.Left() {
		c := &carried{left}
		r := &l.req
		if after == nil {
			c.Left.Answer([]byte("SERVER_ERROR the pool was removed by a reload\r\n"))
			continue
		}
		if _, st := ascii.Next(left.Request, after.Accepted(), r); st != ascii.Complete {
			panic("between: a request that was accepted by one pool is refused by another")
		}
		in := after.Engine.NewCall(c)
		if r.Op == ascii.OpFlushAll && len(l.group.Loops) > 1 {
			l.SendFlush(after, in, left.Request)
			continue
		}
		after.Engine.Do(in, r)
	}
}

package simulation

import (
	"slices"
	"time"

	"magent/internal/fleet/core"
)

// userTimeout is how long the kernel of a sender goes on sending.
const userTimeout = time.Second

// server is a memcached: it executes what lies in the sockets of its connections, whatever has become of their
// other ends, one connection after the other in no certain order.
type server struct {
	w         *world
	id        int // of paths
	name      string
	data      map[string]int
	hungUntil time.Duration
	conns     []*conn // as `stats conns` lists them
	highest   map[string]uint64
}

// command is what an owner sends. To one that is large the server can only answer when there is room.
type command struct {
	large    bool
	request  uint64 // of a client's mutation, 0: a read, or a repair
	group    string
	epoch    uint64
	key      string
	value    int
	mutation bool
	reply    func(value int)
}

// conn is a connection to a server, seen from both ends.
type conn struct {
	n      *node
	s      *server
	record core.Record // its announcement
	seq    uint64
	outbox []sentAt // not arrived
	moving bool
	inbox  []command // arrived, not executed
	busy   bool
	reset  bool // by the node, which has forgotten it
	over   bool // for the node's kernel, which could not get rid of what it had
	eof    bool // which the server has got to know

	process int    // of the node
	ready   bool   // what the server has to say can be read
	fits    func() // takes that; nil: the server waits for no room
}

type sentAt struct {
	command
	at time.Duration
}

// send hands a command to the kernel.
func (c *conn) send(cmd command) {
	c.outbox = append(c.outbox, sentAt{cmd, c.s.w.now})
	c.move()
}

// move carries what was sent to the server, in order. What does not get through is sent again until it is too old.
func (c *conn) move() {
	if c.moving || len(c.outbox) == 0 {
		return
	}
	c.moving = true
	c.s.w.after(c.s.w.between(ms/10, ms), c.arrive)
}

func (c *conn) arrive() {
	w := c.s.w
	c.moving = false
	if len(c.outbox) == 0 {
		return
	}
	if w.cut[path{c.n.id, c.s.id}] {
		if w.now-c.outbox[0].at > userTimeout {
			c.outbox = nil
			return
		}
		c.moving = true
		w.after(20*ms, c.arrive)
		return
	}
	for _, s := range c.outbox {
		c.inbox = append(c.inbox, s.command)
	}
	c.outbox = nil
	c.work()
}

// end resets the connection. Or it has the kernel close it when all is delivered: a process was killed, or gave the
// connection up, and goes on to read.
func (c *conn) end(reset bool) {
	if reset {
		c.reset, c.outbox = true, nil
	}
	since := c.s.w.now
	var fin func()
	fin = func() {
		switch blocked := c.s.w.cut[path{c.n.id, c.s.id}]; {
		case !blocked && len(c.outbox) == 0:
			c.eof = true
			c.gone()
		case c.reset && !reset:
		case !blocked || c.s.w.now-since < userTimeout:
			c.s.w.after(20*ms, fin)
		default:
			c.outbox, c.over = nil, true
			c.s.w.after(time.Second, fin) // the server asks some time whether it is still there
		}
	}
	c.s.w.after(c.s.w.between(ms/10, ms), fin)
}

// there tells whether the process that has the connection is there, so that its kernel takes what comes.
func (c *conn) there() bool { return c.n.up && c.n.process == c.process && !c.reset && !c.over }

// wait has the server do nothing more on the connection before its answer has room: what is there has to be read. If
// nobody is there any more, it is told so when it sends again.
func (c *conn) wait() {
	w := c.s.w
	var again func()
	again = func() {
		switch {
		case c.fits == nil:
			return
		case w.cut[path{c.s.id, c.n.id}] || w.cut[path{c.n.id, c.s.id}]:
		case !c.there():
			c.fits, c.inbox, c.eof = nil, nil, true
			c.gone()
			return
		case !c.ready:
			c.ready = true
			c.n.first(c.process, func() {
				if c.ready = false; !c.n.engine.reads(c) {
					return
				}
				fits := c.fits
				c.fits = nil
				fits()
				c.work()
			})
		}
		w.after(20*ms, again)
	}
	again()
}

// gone takes the connection from the list when all that it brought is executed.
func (c *conn) gone() {
	if c.eof && len(c.inbox) == 0 && c.fits == nil {
		c.s.conns = slices.DeleteFunc(c.s.conns, func(o *conn) bool { return o == c })
	}
}

// work executes one command after the other.
func (c *conn) work() {
	if c.busy || c.fits != nil || len(c.inbox) == 0 {
		return
	}
	c.busy = true
	hangs := max(0, c.s.hungUntil-c.s.w.now)
	if hangs > 0 {
		hangs += c.s.w.between(0, c.s.w.tardy)
	}
	c.s.w.after(hangs+c.s.w.between(ms/20, ms), func() {
		c.busy = false
		if c.s.w.now < c.s.hungUntil {
			c.work()
			return
		}
		if len(c.inbox) == 0 {
			return
		}
		cmd := c.inbox[0]
		c.inbox = c.inbox[1:]
		c.s.execute(c, cmd)
		c.gone()
		c.work()
	})
}

func (s *server) execute(c *conn, cmd command) {
	s.w.check.executed(s, c, cmd)
	s.w.log("%s executes %s for %s: request %d, mutation %v, %d; has %d",
		s.name, cmd.key, c.record.Address, cmd.request, cmd.mutation, cmd.value, s.data[cmd.key])
	if cmd.mutation {
		s.data[cmd.key] = cmd.value
	}
	value, since := s.data[cmd.key], s.w.now
	if cmd.large {
		c.fits = func() {
			if !c.reset {
				cmd.reply(value)
			}
		}
		c.wait()
		return
	}
	var answer func()
	answer = func() {
		switch {
		case c.reset || s.w.now-since > userTimeout:
		case s.w.cut[path{s.id, c.n.id}]:
			s.w.after(20*ms, answer)
		default:
			c.n.do(c.n.process, func() {
				if !c.reset {
					cmd.reply(value)
				}
			})
		}
	}
	s.w.after(s.w.between(ms/10, ms), answer)
}

// list is `stats conns` on a connection of its own. Nobody answers while the server hangs, or is cut off.
func (s *server) list(n *node, answer func(addresses []string)) {
	process := n.process
	s.w.after(s.w.between(ms/10, ms), func() {
		if s.w.cut[path{n.id, s.id}] {
			return
		}
		s.w.after(max(0, s.hungUntil-s.w.now)+s.w.between(ms/20, ms), func() {
			if s.w.now < s.hungUntil || s.w.cut[path{s.id, n.id}] {
				return
			}
			var found []string
			for _, c := range s.conns {
				found = append(found, c.record.Address)
			}
			s.w.after(s.w.between(ms/10, ms), func() { n.do(process, func() { answer(found) }) })
		})
	})
}

package simulation

import (
	"fmt"
	"slices"
	"time"

	"magent/internal/fault"
	"magent/internal/fleet/core"
)

// replyTime is how long an owner waits for a server.
const replyTime = 300 * ms

// usable is the connection on which something may be sent to a server; nil: there is none now.
func (e *engine) usable(group string, s *serving, server string) *conn {
	c := e.conns[server]
	if c == nil {
		e.connect(server)
		return nil
	}
	if c.seq == 0 || !e.n.core.Announced(c.seq) || !e.n.core.May(e.n.local(), group, s.epoch, server) {
		return nil
	}
	return c
}

// connect makes a connection and announces it. While one that was lost may still have something in its socket,
// there is no other.
func (e *engine) connect(server string) {
	if e.asking[server] || e.away[server] != nil {
		return
	}
	e.asking[server] = true
	n, process, since := e.n, e.n.process, e.since
	sv := n.w.server(server)
	n.w.after(n.w.between(ms/5, 2*ms), func() {
		blocked := n.w.cut[path{n.id, sv.id}] || n.w.cut[path{sv.id, n.id}]
		n.do(process, func() {
			e.asking[server] = false
			if blocked || e.since != since || e.conns[server] != nil {
				return
			}
			e.serial++
			c := &conn{n: n, s: sv, process: process}
			c.record = core.Record{
				Kind: core.Address, Server: server, Address: fmt.Sprintf("%s:%d.%d", n.cfg.Name, n.process, e.serial),
				Name: n.cfg.Name, Incarnation: n.core.Incarnation(), Life: n.core.Life(),
			}
			sv.conns = append(sv.conns, c)
			e.conns[server] = c
			c.seq = n.core.Record(c.record)
			n.drain()
		})
	})
}

// lose gives a connection up. It is not used again, nor replaced, before the server has closed it. What the server
// says is read until then.
func (e *engine) lose(c *conn) {
	name := c.s.name
	if e.conns[name] != c {
		return
	}
	delete(e.conns, name)
	e.away[name] = c
	c.end(false)
	lost := c.record
	lost.Kind = core.Lost
	e.n.core.Record(lost)
}

// reads tells whether something may be read: that makes room for what the server says, so that it goes on.
func (e *engine) reads(c *conn) bool {
	switch {
	case c.reset:
		return false
	case e.n.core.LeaseUntil() <= e.n.local() && !fault.Reading:
		c.end(true)
		return false
	}
	return true
}

// drain asks whether connections that were lost are closed by now.
func (e *engine) drainAway() {
	for _, name := range []string{"s0", "s1"} {
		c := e.away[name]
		if c == nil {
			continue
		}
		since := e.since
		c.s.list(e.n, func(addresses []string) {
			if e.since != since || e.away[name] != c || slices.Contains(addresses, c.record.Address) {
				return
			}
			delete(e.away, name)
			gone := c.record
			gone.Kind = core.Gone
			e.n.core.Record(gone)
			e.n.drain()
		})
	}
}

// fence asks a server for its connections until the core is content.
func (e *engine) fence(server string) {
	if !e.fences[server] {
		e.fences[server] = true
		e.ask(server)
	}
}

// opened ends the asking, when no group waits for the server any more.
func (e *engine) opened(server string) {
	for group, s := range e.groups {
		if e.n.core.Fencing(group, server) && s != nil {
			return
		}
	}
	delete(e.fences, server)
}

func (e *engine) ask(server string) {
	if !e.fences[server] {
		return
	}
	process := e.n.process
	e.n.w.after(20*ms, func() { e.n.do(process, func() { e.ask(server) }) })
	asked := e.n.local()
	e.n.w.server(server).list(e.n, func(addresses []string) {
		e.n.core.Listed(e.n.local(), asked, server, true, addresses)
		e.n.drain()
	})
}

// tick is what an engine does from time to time.
func (e *engine) tick() {
	e.drainAway()
	for _, group := range []string{"p", "q"} {
		if s := e.groups[group]; s != nil && s.ready && !s.ceding {
			e.repair(group, s)
		}
	}
	e.n.drain()
}

// both sends a command to some copies, and tells which have answered in time, and what.
func (e *engine) both(group string, s *serving, servers []string, cmd command, finish func(map[string]int)) {
	answers, open, since := map[string]int{}, 0, e.since
	over := false
	end := func() {
		if !over && e.valid(group, s, since) {
			over = true
			finish(answers)
			e.n.drain()
		}
	}
	for _, server := range servers {
		c := e.usable(group, s, server)
		if c == nil {
			continue
		}
		open++
		one, answered := cmd, false
		one.large = !cmd.mutation && e.n.w.chance(e.n.w.large)
		one.reply = func(value int) {
			if answered || over {
				return
			}
			answered = true
			answers[server] = value
			if open--; open == 0 {
				end()
			}
		}
		e.n.w.check.sends(e.n, c, one)
		c.send(one)
		process := e.n.process
		e.n.w.after(replyTime, func() {
			e.n.do(process, func() {
				if answered || over || !e.valid(group, s, since) {
					return
				}
				answered = true
				e.lose(c)
				if open--; open == 0 {
					end()
				}
			})
		})
	}
	if open == 0 {
		end()
	}
}

// clean are the copies of a key that are not dirty, the primary first.
func (e *engine) clean(group, key string) (servers []string) {
	p, b := copiesOf(group)
	for _, s := range []string{p, b} {
		if !e.dirty(s, key) {
			servers = append(servers, s)
		}
	}
	return servers
}

// write has both copies take a value. A copy that does not is dirty; if none did, nobody knows.
func (e *engine) write(group string, s *serving, r *request) {
	var can, cannot []string
	for _, server := range e.clean(group, r.key) {
		if e.usable(group, s, server) != nil {
			can = append(can, server)
		} else {
			cannot = append(cannot, server)
		}
	}
	if len(can) == 0 {
		e.reply(r, failed, 0)
		return
	}
	s.locked[r.key] = true
	for _, server := range cannot {
		e.markDirty(group, s, server, r.key)
	}
	cmd := command{request: r.id, group: group, epoch: s.epoch, key: r.key, value: r.value, mutation: true}
	e.both(group, s, can, cmd, func(answers map[string]int) {
		out := done
		if len(answers) == 0 {
			out = unknown
			can = can[1:] // the word of the first one counts, whatever it is
		}
		for _, server := range can {
			if _, ok := answers[server]; !ok {
				e.markDirty(group, s, server, r.key)
			}
		}
		e.reply(r, out, 0)
		e.unlock(group, s, r.key)
	})
}

// read asks one copy, and then the other.
func (e *engine) read(group string, s *serving, r *request) {
	s.locked[r.key] = true
	servers := e.clean(group, r.key)
	var try func()
	try = func() {
		for len(servers) > 0 && e.usable(group, s, servers[0]) == nil {
			servers = servers[1:]
		}
		if len(servers) == 0 {
			e.reply(r, failed, 0)
			e.unlock(group, s, r.key)
			return
		}
		server := servers[0]
		servers = servers[1:]
		e.both(group, s, []string{server}, command{group: group, epoch: s.epoch, key: r.key},
			func(answers map[string]int) {
				value, ok := answers[server]
				if !ok {
					try()
					return
				}
				e.reply(r, done, value)
				e.unlock(group, s, r.key)
			})
	}
	try()
}

// repair copies what a server has missed from the other copy.
func (e *engine) repair(group string, s *serving) {
	for _, m := range e.knowledge(group) {
		from := "s0"
		if m.server == "s0" {
			from = "s1"
		}
		if s.locked[m.key] || e.dirty(from, m.key) || e.usable(group, s, from) == nil ||
			e.usable(group, s, m.server) == nil {
			continue
		}
		s.locked[m.key] = true
		cmd := command{group: group, epoch: s.epoch, key: m.key}
		e.both(group, s, []string{from}, cmd, func(answers map[string]int) {
			value, ok := answers[from]
			if !ok {
				e.unlock(group, s, m.key)
				return
			}
			cmd.mutation, cmd.value = true, value
			e.both(group, s, []string{m.server}, cmd, func(answers map[string]int) {
				if _, ok := answers[m.server]; ok {
					delete(e.n.journal, m)
					e.record(group, s, m.server, m.key, true)
				}
				e.unlock(group, s, m.key)
			})
		})
	}
}

var _ = time.Second

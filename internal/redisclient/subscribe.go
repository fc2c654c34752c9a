package redisclient

import (
	"errors"

	"magent/ascii"
	"magent/backend"
	"magent/internal/dedicated"
	"magent/internal/distribute"
	"magent/internal/placement"
	"magent/internal/pubsub"
	"magent/resp"
)

// A client that subscribes gets a connection of its own to each server that it needs, until it has nothing subscribed
// to there. So what servers count as subscribers (PUBLISH, PUBSUB NUMSUB) are clients. Its commands for that are
// carried out alone (Client.Alone).
//
// Whenever messages may have been missed, the client's connection is closed, as a Redis that dies would do. Its
// library connects again, and subscribes again.

// subscribe carries out the commands that subscribe, or end that.
func (c *Client) subscribe(r *resp.Request) {
	if c.subs == nil {
		c.subs = &subscriptions{lines: map[int]*dedicated.Line{}}
	}
	s := c.subs
	if len(s.lines) == 0 {
		s.part = c.part
	}
	kind, adds, _ := pubsub.Of(r.Command.Name)
	change, ok := s.set.Begin(kind, adds, r.Args[1:], c.serversOf)
	if !ok {
		c.tell(resp.AppendError(c.loop.Line[:0], "ERR too many subscriptions of one client: their names, and 128 "+
			"bytes for each, may have 32 MiB together: use patterns, or more clients"))
		return
	}
	if change.Adds() {
		s.ask(c.pool.Subscribing, change.Servers())
	}
	for _, server := range change.Servers() {
		if !c.listenAt(server, r.Command) {
			s.giveUp()
			c.release()
			return
		}
	}
	s.change, s.call = change, c.host.RedisCall(1, 0, len(r.Raw))
	c.request()
	c.settle()
}

// serversOf returns the servers where a name has to be subscribed to.
func (c *Client) serversOf(kind pubsub.Kind, name []byte) (servers []int) {
	engine := c.subs.part.Commands
	if !kind.Everywhere(name) {
		return []int{engine.PrimaryOf(name)}
	}
	for server := range engine.NumPrimaries {
		if !placement.Ejects(c.pool.Config) || engine.Health.Usable(server) {
			servers = append(servers, server)
		}
	}
	if len(servers) == 0 {
		return []int{engine.OrAny(distribute.Any)}
	}
	return servers
}

// listenAt takes a connection to a server, unless the client has one. If there is none, it answers the command, or
// ends the session.
func (c *Client) listenAt(server int, cmd *resp.Command) bool {
	s := c.subs
	if s.lines[server] != nil {
		return true
	}
	if !s.part.Commands.Reach(server) {
		c.cutOff("a server cannot be reached: clients that subscribe there are closed")
		return false
	}
	line, err := s.part.Lines.Take(server, c)
	switch {
	case errors.Is(err, dedicated.ErrNoneLeft):
		c.pool.Count.Errors++
		c.pool.Count.NoDedicated++
		text := "ERR '" + cmd.Name + "' needs a connection to the server: " + err.Error()
		c.tell(resp.AppendError(c.loop.Line[:0], text))
		return false
	case err != nil || line.Ended():
		c.cutOff("a server cannot be reached: clients that subscribe there are closed")
		return false
	}
	s.lines[server] = line
	line.Listen()
	return true
}

// request sends the requests of the change to their servers.
func (c *Client) request() {
	s := c.subs
	for _, server := range s.change.Servers() {
		line := s.lines[server]
		line.Begin(nil, c.pool.Config.Timeout, false)
		to := &confirming{c, s.change, server}
		s.change.Requests(server, func(request []byte) { line.Conn().Send(nil, request, ascii.ShapeLine, to, 0) })
	}
}

// confirming gets the replies of one server to the requests of a change.
type confirming struct {
	c      *Client
	change *pubsub.Change
	server int
}

// OnReply implements backend.Receiver.
func (to *confirming) OnReply(_ uint16, _ *backend.Conn, r *ascii.Reply) {
	if s := to.c.subs; s == nil || s.change != to.change || r.Kind == ascii.Lost {
		return // it was given up, when the connection was lost at the latest
	}
	if to.change.Replied(to.server, r.Raw); !to.change.Owes(to.server) {
		to.c.subs.lines[to.server].Answered()
		to.c.subs.replied(to.server)
	}
	to.c.settle()
}

// settle answers the change when all servers have replied.
func (c *Client) settle() {
	s := c.subs
	if s.change.Waits() {
		return
	}
	if s.change.Undo() {
		c.request()
		return
	}
	change, call, held := s.change, s.call, s.held
	s.change, s.call, s.held = nil, nil, nil
	answer := change.Answer(nil, c.proto)
	c.release()
	c.tellSubscribed()
	call.Answer(answer)
	for len(held) > 0 && c.subs == s {
		message, rest := resp.NextElement(held)
		if held = rest; s.set.Wants(message) {
			c.pass(message)
		}
	}
}

// release gives the connections back to servers that are not used.
func (c *Client) release() {
	if c.subs == nil {
		return
	}
	for server, line := range c.subs.lines {
		if !c.subs.set.Uses(server) {
			delete(c.subs.lines, server)
			line.Return(true)
		}
	}
}

// tellSubscribed tells the session whether there are subscriptions, if that has changed.
func (c *Client) tellSubscribed() {
	if s := c.subs; s.known != (s.set.Len() > 0) {
		s.known = !s.known
		c.feed.RedisSubscribed(s.known)
	}
}

// Leave is Close, and ends all subscriptions and what waits for replicas. The client hears nothing of it.
func (c *Client) Leave() {
	if c.own.replicas != nil {
		c.own.replicas.drop()
	}
	c.Close()
	c.silence()
}

// Moved implements dedicated.User.
func (c *Client) Moved() bool { return c.subs != nil && c.subs.set.Misplaced(c.serversOf) }

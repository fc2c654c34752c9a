package redisclient

import (
	"magent/internal/loop"
	"magent/internal/pool"
	"magent/internal/pubsub"
	"magent/resp"
)

// What is published would overtake what other clients subscribe to just then, as that goes over connections of their
// own (pubsub.Pending). So it waits, and so do questions about who has subscribed.

// Follows reports whether a request for p has to wait for what others subscribe to. If so, it is met again after
// goOn was called, and Behind is true until then.
func (c *Client) Follows(p *pool.Pool, r *resp.Request) bool {
	server, follows := 0, false
	if c.follows != passes && p.Subscribing.Any() {
		server, follows = c.messageServer(p, r)
	}
	if !follows {
		c.follows = apart
		return false
	}
	goOn := loop.TaskFunc(func() {
		c.follows = passes
		c.goOn()
	})
	if p.Subscribing.Follow(server, func() { p.Loop.L.Post(goOn) }) {
		c.follows = behind
	}
	return c.Behind()
}

// Behind reports whether the client's next request waits for what others subscribe to.
func (c *Client) Behind() bool { return c.follows == behind }

// messageServer returns the server to which a request goes that publishes, or asks who has subscribed. follows is
// false if it is not about messages, or is not carried out now.
func (c *Client) messageServer(p *pool.Pool, r *resp.Request) (server int, follows bool) {
	cmd, m := r.Command, c.multi
	switch {
	case c.locked || !cmd.ArityOK(len(r.Args)):
		return 0, false
	case m != nil && cmd.Name == "exec" && m.channel != nil:
		return p.Commands.PrimaryOf(m.channel), true
	case m != nil:
		return 0, false
	case cmd.Route == resp.RouteChannel:
		return p.Commands.PrimaryOf(r.Args[1]), true
	}
	return pubsub.Everywhere, cmd.Route == resp.RoutePubSub
}

// ask has those who publish wait for these servers, from before anything is done there until they have replied.
func (s *subscriptions) ask(pending *pubsub.Pending, servers []int) {
	s.asked = map[int]*pubsub.Asked{}
	for _, server := range servers {
		s.asked[server] = pending.Ask(server)
	}
}

// giveUp notes that no server is waited for any more.
func (s *subscriptions) giveUp() {
	for server := range s.asked {
		s.replied(server)
	}
}

// replied notes that a server has replied to all requests of the change, or is not waited for.
func (s *subscriptions) replied(server int) {
	if asked := s.asked[server]; asked != nil {
		delete(s.asked, server)
		asked.Replied()
	}
}

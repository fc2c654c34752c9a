package redisclient

import (
	"slices"
	"strings"

	"magent/resp"
)

// maxHeld bounds the messages that come while something is being subscribed to, as those that are not fetched.
const maxHeld = 32 << 20

// Message implements dedicated.User. As in Redis, all messages of a channel come behind the confirmation that it is
// subscribed to. With several names, servers send some before all confirmations are there.
func (c *Client) Message(message []byte) {
	s := c.subs
	switch {
	case s == nil:
	case s.change == nil || !s.change.Adds():
		c.pass(message)
	case len(s.held)+len(message) > maxHeld:
		c.cutOff("too many messages came while something was being subscribed to: the subscriber was closed")
	default:
		s.held = append(s.held, message...)
	}
}

// pass sends a message to the client, which may speak another version of the protocol than its connections.
func (c *Client) pass(message []byte) {
	message[0] = c.proto.PushType()
	c.feed.RedisMessage(message)
}

// Subscribed reports whether the client has subscribed to anything.
func (c *Client) Subscribed() bool { return c.subs != nil && c.subs.known }

// restricted reports whether the client may only use the commands of mayRestricted: what else it is answered in RESP2
// could not be told from messages.
func (c *Client) restricted() bool { return c.proto != resp.RESP3 && c.Subscribed() }

func mayRestricted(cmd *resp.Command) bool {
	switch cmd.Name {
	case "ping", "quit", "reset":
		return true
	}
	return cmd.Subscribes()
}

// containers are commands whose subcommands Redis names in errors.
var containers = []string{
	"acl", "client", "cluster", "command", "config", "function", "latency", "memory", "module", "object", "pubsub",
	"script", "slowlog", "xgroup", "xinfo",
}

// appendRestricted appends the error for other commands.
func appendRestricted(dst []byte, r *resp.Request) []byte {
	name := r.Command.Name
	if len(r.Args) > 1 && slices.Contains(containers, name) {
		name += "|" + strings.ToLower(string(r.Args[1]))
	}
	return resp.AppendError(dst, "ERR Can't execute '"+name+
		"': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
}

// silence ends all subscriptions. What was asked of servers for them is answered with nothing.
func (c *Client) silence() {
	s := c.subs
	if s == nil {
		return
	}
	c.subs = nil
	if s.known {
		c.feed.RedisSubscribed(false)
	}
	for _, line := range s.lines {
		line.Return(false)
	}
	s.giveUp()
	if s.call != nil {
		s.call.Answer(nil)
	}
}

// cutOff ends the session, because messages may have been missed, or would be.
func (c *Client) cutOff(why string) {
	c.feed.RedisEnd(why)
	c.silence()
}

package backend

import "magent/resp"

// newRespFramer returns a Framer for the replies of a Redis on a new connection.
func (c *Conn) newRespFramer() resp.Framer {
	if c.opt.Redis == nil {
		return resp.Framer{}
	}
	return resp.Framer{Proto: c.opt.Redis.Proto}
}

// Speak has the replies to what is sent from now on be in another version of the protocol, for the caller sends HELLO
// next. No reply may be due.
func (c *Conn) Speak(p resp.Proto) { c.resp.Proto = p }

// isPush reports whether data begins with a message that a Redis sends without being asked. In RESP3 there may be one
// between any two replies.
func (c *Conn) isPush(data []byte) bool { return data[0] == '>' && c.resp.Proto == resp.RESP3 }

// dropPush returns the length of the message at the start of data; 0: it is incomplete. Nobody gets it, since it could
// be for one client only, and all clients share the connection.
func (c *Conn) dropPush(data []byte) (n int, err error) {
	n, need, ok := c.resp.Next(data)
	switch size := max(len(data), need); {
	case !ok:
		return 0, ErrGarbage
	case n == 0 && size > helloReply:
		return 0, tooLarge(size, helloReply, "it is a message that nobody has asked for")
	case n == 0:
		c.need = need
	}
	return n, nil
}

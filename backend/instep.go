package backend

import (
	"hash/maphash"

	"magent/ascii"
)

// A connection is in step if each reply is the one to the oldest request. A reply that cannot be shows that it is out
// of step. Then the replies behind it are not trusted either, for they may belong to other clients.

// seed is for the hashes of keys.
var seed = maphash.MakeSeed()

// Expect says which key the reply to the last request must have, if it has any. It is called after a Send that was
// accepted. TextKey must hold for key (package ascii), which is not kept.
func (c *Conn) Expect(key []byte) {
	e := c.fifo.at(c.fifo.len() - 1)
	e.keyed, e.key = true, maphash.Bytes(seed, key)
}

// Distrust says, from within OnReply, that the reply does not belong to its request. The connection is given up, and
// OnReply is called once more, with ascii.Lost.
func (c *Conn) Distrust(err error) { c.doubt = err }

// outOfStep returns why c.reply cannot be the reply to e, or nil.
func (c *Conn) outOfStep(e *entry) error {
	switch kind := c.reply.Kind; {
	case e.value && (kind == ascii.Error || kind == ascii.ClientError):
		return ErrValueRefused
	case !e.keyed:
		return nil
	case kind == ascii.Values && c.reply.Hits > 1:
		return ErrWrongKey
	case kind == ascii.Values && c.reply.Hits == 1:
		key, _, _ := ascii.NextValue(c.reply.Raw)
		return e.wrongKey(key)
	case kind >= ascii.MetaHD && kind <= ascii.MetaEX:
		key, ok := ascii.EchoedKey(c.line[:0], c.reply.Raw)
		c.line = key
		if ok {
			return e.wrongKey(key)
		}
	}
	return nil
}

func (e *entry) wrongKey(key []byte) error {
	if maphash.Bytes(seed, key) != e.key {
		return ErrWrongKey
	}
	return nil
}

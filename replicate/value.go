package replicate

import (
	"bytes"

	"magent/ascii"
)

// askForValue returns the command line of a mutation as the servers get it: head, with the flag v if Traits.Valued is
// set. It is valid until the next use of Engine.line, and no longer than head.
func (c *Call) askForValue(head []byte) []byte {
	if !c.traits.Valued {
		return head
	}
	c.e.line = append(append(c.e.line[:0], bytes.TrimRight(head, "\r\n")...), " v\r\n"...)
	return c.e.line
}

// hideValue removes the value from r if the client did not ask for it (Traits.Valued). r.Raw is then valid until the
// next call.
func (c *Call) hideValue(r *ascii.Reply) {
	if !c.traits.Valued || r.Kind != ascii.MetaVA {
		return
	}
	line := r.Raw[len("VA "):bytes.IndexByte(r.Raw, '\r')]
	flags := line[len(line):]
	if i := bytes.IndexByte(line, ' '); i >= 0 {
		flags = line[i:]
	}
	c.e.plain = append(append(append(c.e.plain[:0], "HD"...), flags...), "\r\n"...)
	r.Kind, r.Raw = ascii.MetaHD, c.e.plain
}

package replicate

import (
	"bytes"

	"magent/ascii"
)

// traits is what has to be known of a mutation so that two copies come to the same of it.
type traits struct {
	blind    bool // neither its effect nor its answer depends on what was there before
	removes  bool // nothing is left of the key afterwards, whatever was answered
	diverges bool // the copies may come to different values without answers that differ
	stales   bool // ms with I and C: an item that is stored as stale, or as a new one, and nobody is told which
	valued   bool // ma without v: the servers are asked for the number nevertheless, to see whether it is the same
}

// note notes the traits of r.
func (c *Call) note(r *ascii.Request) {
	t, m := &c.traits, r.Meta
	*t = traits{}
	switch r.Op {
	case ascii.OpSet:
		t.blind = true
	case ascii.OpDelete:
		t.removes = true // but its answer depends on the value
	case ascii.OpMetaSet:
		t.blind = !m.Has('M') && !m.Has('C')
		t.diverges = m.Has('N') // append makes an item of its own where there is none
		t.stales = m.Has('I') && m.Has('C')
	case ascii.OpMetaDelete: // with I or x the item stays
		t.removes = !m.Has('I') && !m.Has('x')
	case ascii.OpMetaArith:
		t.valued = c.e.Backups != nil && !m.Has('v')
	}
}

// askForValue is the command line of a mutation for a server, with the v that the client has not asked for, where
// that is needed. Like head it is valid until the next use of Engine.line.
func (c *Call) askForValue(head []byte) []byte {
	if !c.traits.valued {
		return head
	}
	c.e.line = append(append(c.e.line[:0], bytes.TrimRight(head, "\r\n")...), " v\r\n"...)
	return c.e.line
}

// hideValue makes of the reply that of a server that was not asked for the value, if the client has not. It is
// valid until the next one.
func (c *Call) hideValue(r *ascii.Reply) {
	if !c.traits.valued || r.Kind != ascii.MetaVA {
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

// digest sums up the first line of the reply to an mg that may have changed something: two copies on which it did
// the same have the same. Left out is what differs between copies that agree: tokens, and times of the past and of
// the future.
func digest(raw []byte) uint64 {
	line, _, _ := bytes.Cut(raw, []byte("\r\n"))
	sum := uint64(14695981039346656037) // FNV-1a
	skip := false
	for i, ch := range line {
		if i > 0 && line[i-1] == ' ' {
			skip = ch == 'c' || ch == 't' || ch == 'h' || ch == 'l'
		}
		if !skip {
			sum = (sum ^ uint64(ch)) * 1099511628211
		}
	}
	return sum
}

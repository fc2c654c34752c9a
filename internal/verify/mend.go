package verify

import (
	"bytes"
	"strconv"
	"time"
)

// maxWrites bounds the repairs that are held in memory, in bytes; what does not fit is done in the next round.
const maxWrites = 4 << 20

// monthOfTTL is up to where memcached takes a time to live for one; above, for a point in time.
const monthOfTTL = 30 * 24 * 60 * 60

// repair is a command on its way to a server.
type repair struct {
	s       *suspect
	to      int
	add     bool
	removed uint64 // the token of the item that md is to delete, or 0
}

// plan puts down what mends a key. Each command is conditional on what was judged (C with the token of that very reading, or
// add where there was no item), so that a write of a client that comes between wins.
func (v *verifier) plan(s *suspect, p, b *item) {
	if v.planned > maxWrites {
		return
	}
	s.tries++
	s.seen, s.rounds, s.trouble, s.undone = 0, 0, "", false
	switch {
	case s.kind == OnlyPrimary:
		v.store(s, s.b, p, 0)
	case s.kind == OnlyBackup && (v.o.Fill || v.filled[Link{s.p, s.b}]):
		v.store(s, s.p, b, 0)
	case s.kind == OnlyBackup:
		if s.tries == 1 {
			v.removing++
		}
		v.remove(s, s.b, b.token)
	default:
		v.store(s, s.b, p, b.token)
	}
}

// store writes an item as it was read from the other copy, over the item with a token; token 0: only where there is none.
func (v *verifier) store(s *suspect, to int, it *item, token uint64) {
	if it.ttl == 0 {
		return // it expires within this second, and 0 would mean never
	}
	c := v.conns[to]
	before := len(c.writes)
	w := appendCommand(c.writes, "ms", s.key, " "+strconv.Itoa(len(it.value)))
	w = strconv.AppendUint(append(w, " c F"...), it.flags, 10)
	if it.ttl != never {
		w = strconv.AppendInt(append(w, " T"...), untilTTL(it.ttl, time.Now()), 10)
	}
	if token == 0 {
		w = append(w, " ME"...)
	} else {
		w = appendToken(w, token)
	}
	w = append(append(append(w, "\r\n"...), it.value...), "\r\n"...)
	c.writes = w
	v.planned += len(w) - before
	v.repairs = append(v.repairs, repair{s: s, to: to, add: token == 0})
}

// untilTTL is how a time to live is written.
func untilTTL(seconds int64, now time.Time) int64 {
	if seconds > monthOfTTL {
		return now.Unix() + seconds
	}
	return seconds
}

// remove deletes an item that still has the token. Some versions of memcached, 1.6.12 among them, say EX to every md that names a
// token. A server that has said so, and still has that very item, is given one in its place that has expired.
func (v *verifier) remove(s *suspect, from int, token uint64) {
	c := v.conns[from]
	if s.refused == token {
		c.expires = true
	}
	r := repair{s: s, to: from}
	if c.expires {
		c.writes = append(appendToken(appendCommand(c.writes, "ms", s.key, " 0"), token), " T-1\r\n\r\n"...)
	} else {
		r.removed = token
		c.writes = append(appendToken(appendCommand(c.writes, "md", s.key, ""), token), "\r\n"...)
	}
	v.repairs = append(v.repairs, r)
}

// mend sends what was planned, and notes what became of it. Whether it has helped the next reading tells.
func (v *verifier) mend() error {
	for _, c := range v.conns {
		c.out = append(c.out, c.writes...)
		c.writes = c.writes[:0]
	}
	if err := v.flush(); err != nil {
		return err
	}
	for _, r := range v.repairs {
		line, err := v.conns[r.to].line()
		if err != nil {
			return err
		}
		r.s.answered(r, line)
	}
	v.repairs, v.planned = v.repairs[:0], 0
	return nil
}

// answered takes the reply to a repair.
func (s *suspect) answered(r repair, line []byte) {
	word, rest, _ := bytes.Cut(line, []byte(" "))
	switch string(word) {
	case "HD":
		if token, ok := bytes.CutPrefix(rest, []byte("c")); ok && r.add {
			s.added, _ = strconv.ParseUint(string(token), 10, 64)
			s.addedTo = r.to
		}
	case "NS", "EX", "NF":
		s.trouble = "it was written meanwhile"
		s.refused = r.removed
	default:
		s.trouble = string(line)
	}
}

// overtaken: the copy that was added is still there, and the one that it was made from has gone. A delete came between, and
// found nothing to delete where we then added.
func (s *suspect) overtaken(p, b *item) bool {
	from, to := p, b
	if s.addedTo == s.p {
		from, to = b, p
	}
	return s.added != 0 && !from.found && to.found && to.token == s.added
}

// undo deletes the copy that was added. It stays to be undone until a reading shows another item there, or none.
func (v *verifier) undo(s *suspect) {
	v.remove(s, s.addedTo, s.added)
	s.undone = true
	s.seen = 0
	s.rounds++
}

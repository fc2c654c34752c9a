package verify

import (
	"bytes"
	"strconv"
	"time"
)

// maxWrites bounds the repairs that are held in memory, in bytes. Further repairs wait for the next round.
const maxWrites = 4 << 20

// monthOfTTL is the largest exptime, in seconds, that memcached takes for a time to live. A larger one is a time since
// 1970.
const monthOfTTL = 30 * 24 * 60 * 60

// plan adds the command that repairs a key to the repairs. The command is conditional on the items p and b: it names
// the cas token of the item that it replaces, or it is an add if there was none. So a write of a client that comes in
// between wins.
func (v *verifier) plan(s *suspect, p, b *item) {
	if v.planned > maxWrites {
		return
	}
	s.tries++
	s.seen, s.rounds, s.trouble, s.undone = 0, 0, "", false
	switch {
	case s.kind == OnlyPrimary:
		v.store(s, s.b, p, 0)
	case s.kind == OnlyBackup && (v.o.Fill || s.lost):
		v.store(s, s.p, b, 0)
	case s.kind == OnlyBackup:
		if s.tries == 1 {
			v.removing++
		}
		v.remove(s, s.b, b.token)
	default:
		if s.tries == 1 && v.o.Settled == nil {
			v.replacing++
		}
		v.store(s, s.b, p, b.token)
	}
}

// store plans to write item it to server to. The item there must have the given token; 0 means that there must be
// none.
func (v *verifier) store(s *suspect, to int, it *item, token uint64) {
	if it.ttl == 0 {
		return // the item expires within this second, and an exptime of 0 would mean never
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

// untilTTL returns the exptime for a time to live.
func untilTTL(seconds int64, now time.Time) int64 {
	if seconds > monthOfTTL {
		return now.Unix() + seconds
	}
	return seconds
}

// remove plans to delete the item with the given token. Some versions of memcached, such as 1.6.12, answer EX to every
// md with a token. If a server has done so although it still has that item, the item is replaced by an expired one.
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

// sendRepairs sends the planned repairs and reads the replies. The next reading shows whether they have succeeded.
func (v *verifier) sendRepairs() error {
	for _, c := range v.conns {
		if c == nil {
			continue
		}
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

// answered handles the reply to a repair.
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

// overtaken reports whether a client's delete came between the reading and the add. The copy that was added is still
// there, but the one from which it was made is gone: the delete found nothing on the server where we added.
func (s *suspect) overtaken(p, b *item) bool {
	from, to := p, b
	if s.addedTo == s.p {
		from, to = b, p
	}
	return s.added != 0 && !from.found && to.found && to.token == s.added
}

// undo plans to delete the copy that was added. This is repeated until a reading shows another item there, or none.
func (v *verifier) undo(s *suspect) {
	v.remove(s, s.addedTo, s.added)
	s.undone = true
	s.seen = 0
	s.rounds++
}

package repair

import (
	"bytes"
	"math"
	"strconv"

	"magent/internal/fault"
)

// canCopy sets x.from, and reports whether the key can be copied from there: the value there is right, or something
// that replaces it has been sent.
func (e *Engine) canCopy(x *copying) bool {
	p, b := e.Pair([]byte(x.key))
	if x.from = b; x.server == b {
		x.from = p
	}
	if e.copies[x.key] != nil || x.from < 0 || !e.Health.Usable(x.from) || e.behind(x.from) ||
		e.dirty[x.from].Exposed([]byte(x.key)) {
		return false
	}
	return (x.fill || !e.dirty[x.server].All()) &&
		copyable(e.Conns[x.from], x.key) && copyable(e.Conns[x.server], x.key)
}

// maxLacking bounds the keys that are remembered for each server. What is not remembered stays deleted until a client
// writes it anew.
const maxLacking = 10_000

// deletedWithout notes that the key of x is deleted instead of being copied. If that is because the server it would
// have come from is away, the key is copied when that is back. A server that is incomplete gets all its keys then.
func (e *Engine) deletedWithout(x *copying) {
	from := x.from
	if from >= 0 && !e.Health.Usable(from) && !e.incomplete[x.server] && len(e.lacking[from]) < maxLacking {
		e.lacking[from] = append(e.lacking[from], lack{server: x.server, key: x.key})
	}
}

// takeOver lets y, which is under way, also do the work of x. y may belong to a resync that has ended because its
// server went down again, or to none. The result is whether x.h did not wait for y before.
func (e *Engine) takeOver(y, x *copying) bool {
	if y.h == x.h {
		return false
	}
	if y.h != nil && e.resyncs[y.h.server] == y.h {
		y.h.busy--
	}
	y.h = x.h
	return true
}

// Overtaken notes that a mutation of key is about to be sent. The value that a copying has read is then out of date.
func (e *Engine) Overtaken(key []byte) {
	if len(e.copies) == 0 || fault.Refill {
		return
	}
	if x := e.copies[string(key)]; x != nil {
		x.overtaken = true
	}
}

// OvertakenAll notes that all keys are about to be changed by a flush_all.
func (e *Engine) OvertakenAll() {
	for _, x := range e.copies {
		x.overtaken = true
	}
}

// read asks for the value, its flags and its remaining time to live. The flag u keeps this from counting as a use of
// the item. The result is whether the server could be asked.
func (x *copying) read() bool {
	x.overtaken, x.again, x.phase, x.flushes = false, false, reading, x.e.flushes
	line, flag := appendKey(append(x.e.line[:0], "mg "...), []byte(x.key))
	line = append(append(line, flag...), " v f t u\r\n"...)
	x.e.line = line
	from := x.e.Conns[x.from]
	return from.Send(line, nil, shapeFor(from), x, 0)
}

// flushed reports whether a flush_all of another loop may take effect between the read and the write.
func (x *copying) flushed() bool { return x.flushes != x.e.flushes || x.e.flushing > 0 }

// month is the largest exptime, in seconds, that memcached takes for a time to live. A larger one is a time since
// 1970.
const month = 30 * 24 * 3600

// exptime returns the exptime for an item that has ttl seconds left to live.
func (e *Engine) exptime(ttl int) int64 {
	if ttl > month {
		// A server refuses larger numbers, and may then execute the value as commands.
		return min(e.opt.UnixTime()+int64(ttl), math.MaxInt32)
	}
	return int64(max(1, ttl))
}

// write sends the item that was read to the server. va is the reply to the read. The result is whether that was
// possible.
func (x *copying) write(va []byte) bool {
	line, value, _ := bytes.Cut(va, []byte("\r\n"))
	words := bytes.Fields(line) // VA, the length, and the flags
	if !x.e.Health.Usable(x.server) || len(words) < 2 {
		return false
	}
	if x.h != nil {
		x.h.window = min(x.h.window+1, maxCopies)
		x.h.size = max(len(value), x.h.size-x.h.size/8)
	}
	to := x.e.Conns[x.server]
	head, flag := appendKey(append(x.e.line[:0], "ms "...), []byte(x.key))
	head = strconv.AppendInt(append(head, lengthFor(to)...), int64(len(value)-len("\r\n")), 10)
	head = append(head, flag...)
	for _, w := range words[2:] {
		switch w[0] {
		case 'f':
			flags, err := strconv.ParseUint(string(w[1:]), 10, 32)
			if err != nil {
				return false // a server that refuses more than 32 bits may execute the value as commands
			}
			head = strconv.AppendUint(append(head, " F"...), flags, 10)
		case 't':
			if ttl, err := strconv.Atoi(string(w[1:])); err == nil && ttl >= 0 {
				head = strconv.AppendInt(append(head, " T"...), x.e.exptime(ttl), 10)
			}
		case 'W', 'X', 'Z':
			return false // a stale item: our read may have won the right to recompute it, which is a client's
		}
	}
	if x.fill {
		head = append(head, " ME"...) // add
	}
	head = append(head, "\r\n"...)
	x.e.line = head
	x.phase = writing
	if !x.fill {
		x.e.dirty[x.server].Replacing([]byte(x.key), false) // a flush_all may make this value wrong, too
	}
	return to.Send(head, value, shapeFor(to), x, 0)
}

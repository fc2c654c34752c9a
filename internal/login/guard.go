package login

import (
	"bytes"
	"strconv"
)

// Verdict is what becomes of what a client has sent before it was let in.
type Verdict uint8

const (
	More      Verdict = iota // it has not arrived completely
	Refused                  // another command than the one that names user and password
	Unended                  // the value does not end where it should
	Malformed                // the value is not two words
	Wrong                    // there is no such user, or the password is wrong
	Right                    // the client may use the pool
	Junk                     // it does not send commands
)

// Reply is memcached's answer; nil after More and Junk.
func (v Verdict) Reply() []byte {
	return [...][]byte{
		Refused:   []byte("CLIENT_ERROR unauthenticated\r\n"),
		Unended:   []byte("CLIENT_ERROR bad command line termination\r\n"),
		Malformed: []byte("CLIENT_ERROR bad authentication token format\r\n"),
		Wrong:     []byte("CLIENT_ERROR authentication failure\r\n"),
		Right:     []byte("STORED\r\n"),
		Junk:      nil,
	}[v]
}

// maxJunk is how much may arrive without the end of a line.
const maxJunk = 2048

// maxKept is how much is kept of a value. No user and password are longer.
const maxKept = 2*maxEntry + 2

// Guard takes what a client of the text protocol sends until it is let in: a set whose value is "user password". The
// key, the flags and the time do not matter. Everything else is refused, as memcached -Y does it.
type Guard struct {
	value bool   // the value of a set is arriving
	size  int    // of it, without its end
	seen  int    // bytes of it that have arrived, with its end
	kept  []byte // its beginning
	end   [2]byte
}

// Waits reports whether a value has arrived in part.
func (g *Guard) Waits() bool { return g.value }

// Next takes what is at the front of data. n bytes are consumed, some of them also where more is to come.
func (g *Guard) Next(data []byte, users *Users) (n int, v Verdict) {
	if !g.value {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			if len(data) > maxJunk {
				return 0, Junk
			}
			return 0, More
		}
		n = end + 1
		size, ok := sizeOf(data[:end])
		if !ok {
			return n, Refused
		}
		*g = Guard{value: true, size: size}
	}
	n += g.take(data[n:])
	if g.seen < g.size+len(g.end) {
		return n, More
	}
	v = g.judge(users)
	*g = Guard{}
	return n, v
}

// take takes so much of the value as is there.
func (g *Guard) take(data []byte) int {
	whole := g.size + len(g.end)
	data = data[:min(len(data), whole-g.seen)]
	for i, c := range data[max(0, min(len(data), g.size-g.seen)):] {
		g.end[max(g.seen, g.size)-g.size+i] = c
	}
	room := max(0, min(g.size, maxKept)-g.seen)
	g.kept = append(g.kept, data[:min(room, len(data))]...)
	g.seen += len(data)
	return len(data)
}

func (g *Guard) judge(users *Users) Verdict {
	if string(g.end[:]) != "\r\n" {
		return Unended
	}
	name, rest := word(untilZero(g.kept))
	password, _ := word(rest)
	switch {
	case len(password) == 0:
		return Malformed
	case users.Has(name, password):
		return Right
	}
	return Wrong
}

// sizeOf returns the size of the value that a set announces. ok is false for another command.
func sizeOf(line []byte) (size int, ok bool) {
	line = untilZero(line)
	for i := range 5 {
		var w []byte
		w, line = word(line)
		if i == 0 && string(w) != "set" {
			return 0, false
		}
		if i == 4 {
			n, err := strconv.ParseUint(string(bytes.TrimSuffix(w, []byte{'\r'})), 10, 31)
			return int(n), err == nil
		}
	}
	return 0, false
}

// word returns the first word of text, and what follows.
func word(text []byte) (first, rest []byte) {
	text = bytes.TrimLeft(text, " ")
	first, rest, _ = bytes.Cut(text, []byte{' '})
	return first, rest
}

// untilZero returns what C takes for the text.
func untilZero(text []byte) []byte {
	text, _, _ = bytes.Cut(text, []byte{0})
	return text
}

// Plain returns the user and the password of a SASL PLAIN message: a name that does not matter, the user, and the
// password, each behind a zero byte.
func Plain(message []byte) (name, password []byte, ok bool) {
	_, rest, ok := bytes.Cut(message, []byte{0})
	if !ok {
		return nil, nil, false
	}
	name, password, ok = bytes.Cut(rest, []byte{0})
	return name, password, ok
}

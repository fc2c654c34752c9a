package session

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"time"

	"magent/internal/call"
)

// Slow requests are logged (--slow): the command, the key, its server, and the time until the answer was written. That
// includes the time in the client's line.

// note remembers what was asked for: the command, a blank, and the first key if there is one.
func (s *Session) note(c *call.Call) {
	var command, key []byte
	if s.redis != nil {
		if args := s.sh.cmd.Args; len(args) > 0 {
			command = args[0]
			if cmd := s.sh.cmd.Command; cmd != nil && cmd.First == 1 && len(args) > 1 {
				key = args[1]
			}
		}
	} else {
		command, key = firstWord(s.sh.req.Head), s.sh.req.Key
	}
	c.Note = append(c.Note[:0], command[:min(len(command), maxNote)]...)
	c.Note = append(c.Note, ' ')
	c.Note = append(c.Note, key[:min(len(key), maxNote)]...)
}

// slow logs a request that took waited nanoseconds.
func (s *Session) slow(c *call.Call, waited int64) {
	l, now := &s.sh.slow, s.sh.L.Now()
	if now-l.since >= slowEvery {
		l.since, l.lines = now, 0
	}
	if l.lines == slowLines {
		l.skipped++
		return
	}
	l.lines++
	command, key, _ := bytes.Cut(c.Note, []byte(" "))
	line := s.sh.Log.Warn().Str("pool", s.pool.Name).Bytes("command", bytes.ToLower(command)).
		Int64("took_ms", waited/int64(time.Millisecond))
	if len(key) > 0 {
		line = line.Str("server", s.pool.Conns[s.pool.Engine.PrimaryOf(key)].Name())
		if s.sh.group.SlowKeys {
			line = line.Bytes("key", key)
		} else {
			line = line.Str("key_hash", hashOfKey(key))
		}
	}
	if c.Keys > 1 {
		line = line.Int("keys", c.Keys)
	}
	line.Int("skipped", l.skipped).Msg("slow request")
	l.skipped = 0
}

// hashOfKey returns the FNV-1a hash of a key (64 bits, hexadecimal). It distinguishes keys without showing them.
func hashOfKey(key []byte) string {
	h := fnv.New64a()
	h.Write(key)
	return fmt.Sprintf("%016x", h.Sum64())
}

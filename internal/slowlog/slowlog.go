// Package slowlog logs slow requests (--slow): the command, the key, its server, and the time until the answer was
// written. That includes the time in the client's line.
package slowlog

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/rs/zerolog"
)

const (
	maxLines = 10  // lines in a second and loop, so that a server that hangs does not flood the log
	maxNote  = 300 // bytes of a command and its key that are remembered
	every    = int64(time.Second)
)

// Log limits the log lines of a loop.
type Log struct {
	since   int64 // loop time: when the second began
	lines   int
	skipped int // since the last line
}

// Request is one that took long.
type Request struct {
	Pool     string
	ServerOf func(key []byte) string // the name of the server that has a key
	Note     []byte                  // made by AppendNote
	Keys     int                     // how many it has
	Waited   int64                   // nanoseconds
	ShowKey  bool                    // in place of its hash
}

// AppendNote appends what Request.Note has: the command, a blank, and the first key if there is one.
func AppendNote(dst, command, key []byte) []byte {
	dst = append(dst, command[:min(len(command), maxNote)]...)
	dst = append(dst, ' ')
	return append(dst, key[:min(len(key), maxNote)]...)
}

// Write logs a request at the loop time now, unless there are too many of them.
func (l *Log) Write(log zerolog.Logger, now int64, r Request) {
	if now-l.since >= every {
		l.since, l.lines = now, 0
	}
	if l.lines == maxLines {
		l.skipped++
		return
	}
	l.lines++
	command, key, _ := bytes.Cut(r.Note, []byte(" "))
	line := log.Warn().Str("pool", r.Pool).Bytes("command", bytes.ToLower(command)).
		Int64("took_ms", r.Waited/int64(time.Millisecond))
	if len(key) > 0 {
		line = line.Str("server", r.ServerOf(key))
		if r.ShowKey {
			line = line.Bytes("key", key)
		} else {
			line = line.Str("key_hash", hashOf(key))
		}
	}
	if r.Keys > 1 {
		line = line.Int("keys", r.Keys)
	}
	line.Int("skipped", l.skipped).Msg("slow request")
	l.skipped = 0
}

// hashOf returns the FNV-1a hash of a key (64 bits, hexadecimal). It distinguishes keys without showing them.
func hashOf(key []byte) string {
	h := fnv.New64a()
	h.Write(key)
	return fmt.Sprintf("%016x", h.Sum64())
}

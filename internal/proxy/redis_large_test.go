package proxy

import (
	"io"
	"strconv"
	"strings"
	"testing"

	"magent/internal/session"
	"magent/internal/testkit"
)

// A client that fetches a large value is not taken for one that fetches nothing, although it cannot have fetched it
// in the moment in which that comes: here one for which there would not be room if the largest value were a small
// one.
func TestLargeReplyIsNoHoard(t *testing.T) {
	const size = 32 << 20
	s := testkit.StartRedis(t)
	r := start(t, 1, 0, nil)
	r.reload(toRedis(s))
	c := r.client()
	c.say("SET k 1\r\n")
	c.hear("+OK\r\n")
	c.say("SETRANGE k " + strconv.Itoa(size-1) + " x\r\n")
	c.hear(":" + strconv.Itoa(size) + "\r\n")
	r.on(0, func(sh *session.Shard) {
		sh.Pools[0].Limits.MaxValue = session.MaxUnsent
		*session.Unsent(sh) += session.MaxUnsent
	})
	c.say("GET k\r\n")
	c.hear("$" + strconv.Itoa(size) + "\r\n")
	if n, err := io.CopyN(io.Discard, c.r, size+2); err != nil {
		t.Errorf("%d of %d bytes: %v", n, size+2, err)
	}
	r.on(0, func(sh *session.Shard) { *session.Unsent(sh) -= session.MaxUnsent })
}

// What a client has said once, and is large, is not kept when it is answered.
func TestLargeEchoIsNotKept(t *testing.T) {
	const size = 1 << 20
	s := testkit.StartRedis(t)
	r := start(t, 1, 0, nil)
	r.reload(toRedis(s))
	c := r.client()
	text := strings.Repeat("x", size)
	bulk := "$" + strconv.Itoa(size) + "\r\n" + text + "\r\n"
	for _, command := range []string{"ECHO", "PING"} {
		c.say("*2\r\n$4\r\n" + command + "\r\n" + bulk)
		c.hear(bulk)
		r.on(0, func(sh *session.Shard) {
			if n := cap(sh.Redis.Line); n > session.MaxKeptLine {
				t.Errorf("%d bytes are kept of %s", n, command)
			}
		})
	}
}

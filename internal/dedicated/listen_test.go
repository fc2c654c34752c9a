package dedicated

import (
	"slices"
	"testing"
	"time"

	"magent/internal/testkit"
)

// TestListen checks that a user gets messages beside the replies to its commands, and that the connection can be used
// again.
func TestListen(t *testing.T) {
	r := newRig(t, 1)
	line := r.take()
	r.do(line.Listen)
	const confirmed = "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
	r.ask(line, 0, "SUBSCRIBE", "a")
	r.want(confirmed)
	r.do(func() { r.shared.Send(nil, []byte("PUBLISH a x\r\n"), 0, r, 0) })
	got := []string{testkit.Await(t, "one", r.replies), testkit.Await(t, "another", r.replies)}
	slices.Sort(got)
	if got[0] != "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n" || got[1] != ":1\r\n" {
		t.Errorf("%q", got)
	}
	r.ask(line, 0, "UNSUBSCRIBE", "a")
	r.want("*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n")
	r.do(func() { line.Answered(); line.Return(true) })
	if r.take() != line {
		t.Error("another connection")
	}
}

// TestSilence checks that a server which tells a subscriber nothing is asked whether it is there, and given up if it
// does not answer.
func TestSilence(t *testing.T) {
	r := newRig(t, 1)
	line := r.take()
	r.do(line.Listen)
	r.ask(line, 0, "SUBSCRIBE", "a")
	r.want("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n")
	for range 2 {
		r.do(func() { line.heard -= int64(pingPause); r.set.Trim() })
		testkit.Until(t, "it has answered", func() (ok bool) {
			r.do(func() { ok = !line.pinged && r.l.Now()-line.heard < int64(pingPause) })
			return ok
		})
	}
	r.server.Pause()
	r.do(func() {
		line.heard = r.l.Now() - int64(silenceTime-time.Second)
		r.set.Trim()
		if !line.pinged || line.ended {
			t.Errorf("asked %v, ended %v", line.pinged, line.ended)
		}
		line.heard -= int64(time.Second)
		r.set.Trim()
		if !line.ended || r.lost != 1 {
			t.Errorf("ended %v, lost %d", line.ended, r.lost)
		}
	})
	r.server.Resume()
}

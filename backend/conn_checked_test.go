package backend

import (
	"testing"

	"magent/ascii"
)

// TestConnChecked: each answer is a check of the server, and so is each failure that is the server's.
func TestConnChecked(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	last := int64(0)
	check := func(want string) {
		t.Helper()
		r.do(func() {
			at, err := r.c.Checked()
			got := "ok"
			if err != nil {
				got = err.Error()
			}
			switch {
			case got != want || at == 0:
				t.Errorf("at %d: %s, want %s", at, got, want)
			case at <= last:
				t.Errorf("at %d, which is not after %d", at, last)
			}
			last = at
		})
	}
	r.do(func() {
		if at, err := r.c.Checked(); at != 0 || err != nil {
			t.Errorf("before anything: %d, %v", at, err)
		}
	})
	p := r.connect()
	check("ok")
	r.send(ascii.ShapeLine, "a\r\n", "b\r\n")
	r.age(0, 1)
	r.want(noReply, "0 lost")
	check("no reply in time (1h0m0s)")
	p.send("STORED\r\nDELETED\r\n") // nobody waits for the first one any more
	r.want("1 DELETED|")
	check("ok")
	p.reset()
	r.want("disconnected: connection reset by peer, idle: false")
	check("connection reset by peer")
	r.connect()
	check("ok")
	r.do(r.c.Shut)
	r.want("disconnected: shutting down, idle: false")
	r.do(func() {
		if at, err := r.c.Checked(); at != last || err != nil {
			t.Errorf("we have ended it, and the server is said to have failed: %d, %v", at, err)
		}
	})
}

package backend

import (
	"testing"
	"time"

	"magent/ascii"
)

// TestShut: after Shut nothing makes a connection: no request, no Connect, and no Connect from before.
func TestShut(t *testing.T) {
	r := newRig(t, "tcp", Options{Lazy: true})
	r.connect()
	r.send(ascii.ShapeLine, "get a\r\n")
	r.do(r.c.Shut)
	r.want("disconnected: shutting down, idle: false", "0 lost")
	r.do(r.c.Connect)
	if r.send(ascii.ShapeLine, "get a\r\n") != 0 || r.accepts(20*time.Millisecond) {
		t.Error("it is connected again")
	}
	r.do(func() {
		if r.c.Get([]byte("get a\r\n"), r, 0) {
			t.Error("a get is taken")
		}
	})
	r.quiet()
}

// TestShutWhileDraining: a Connect that waits for a lost connection to end is dropped, and that wait
// is limited all the same.
func TestShutWhileDraining(t *testing.T) {
	for _, wanted := range []bool{false, true} {
		r, p := hang(t, Options{DrainTime: 10 * time.Millisecond, Quarantine: time.Millisecond})
		r.do(func() {
			if wanted {
				r.c.Connect()
			}
			r.c.Shut()
		})
		p.expect("set k 0 0 1\r\n")
		if _, err := p.r.ReadByte(); err == nil {
			t.Error("the server gets more")
		}
		r.until("the lost connection is given up", func() bool { return r.c.Draining() == 0 })
		if r.accepts(30 * time.Millisecond) {
			t.Error("a new connection is made")
		}
		r.quiet()
	}
}

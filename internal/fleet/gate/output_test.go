package gate

import (
	"testing"

	"golang.org/x/sys/unix"

	"magent/internal/fleet/core"
	"magent/internal/loop"
	"magent/internal/testkit"
)

type deaf struct{}

func (deaf) OnReady(loop.Events) {}

// TestOutputWaits: what is said after something was recorded leaves when all members have kept that, and not what was
// said before.
func TestOutputWaits(t *testing.T) {
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Discard()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[1])
	var s loop.Stream
	if err := s.Open(l, fds[0], loop.Readable, deaf{}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	g, _ := newGate()
	var o Output
	say := func(text string, number uint64, unsent int) {
		t.Helper()
		if err := o.Write(g, l, &s, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := o.Release(g, l, &s); got != number || s.Unsent() != unsent {
			t.Errorf("after %q it waits for %d, and %d bytes may leave; want %d, %d", text, got, s.Unsent(), number,
				unsent)
		}
	}
	say("ab", 0, 2)
	g.Record(core.Record{})
	say("c", 1, 2)
	g.Record(core.Record{})
	say("d", 1, 2)
	take(g, 11) // 11, 12
	g.Keep(11)
	say("", 1, 2) // both were taken at once, and count as kept at once
	g.Keep(12)
	say("", 0, 4)
}

// TestTeeth: without the guards the tests above fail.
func TestTeeth(t *testing.T) {
	testkit.WantFailures(t, "faults", map[string]string{
		"MAGENT_FAULT=boottime": "TestATermEndsForGood",
		"MAGENT_FAULT=records":  "TestOutputWaits",
	})
}

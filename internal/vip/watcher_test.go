package vip

import (
	"net/netip"
	"testing"

	"github.com/rs/zerolog"

	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// The address of the loopback is always there, one of a documentation network never. Follow reports the same at its
// start. After Close no goroutine is left.
func TestStandby(t *testing.T) {
	for addr, standby := range map[string]bool{
		"127.0.0.1": false, "::1": false, "::ffff:127.0.0.1": false,
		"192.0.2.1": true,
	} {
		w, err := Watch(netip.MustParseAddr(addr))
		if err != nil {
			t.Fatal(err)
		}
		if w.Standby() != standby {
			t.Errorf("%s: standby %v", addr, !standby)
		}
		told := make(chan bool, 100)
		w.Follow(zerolog.Nop(), func(standby bool) { told <- standby })
		if got := testkit.Await(t, addr, told); got != standby {
			t.Errorf("%s: told standby %v", addr, got)
		}
		w.Close()
	}
}

// A Watcher that was never followed can be closed, and so can nil.
func TestCloseWithoutFollow(t *testing.T) {
	w, err := Watch(netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	w = nil
	w.Close()
}

package member

import (
	"testing"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/link"
	"magent/internal/testkit"
)

// TestHelloWhenALinkComesUp: a member says hello as soon as another one can hear it, and not with the next tick only.
func TestHelloWhenALinkComesUp(t *testing.T) {
	address, alone := testkit.DeadAddr(t), make(chan struct{}, 100)
	var a link.Peer
	var fleet string
	openAlone(t, func(opt *Options) {
		opt.Core.Tick, opt.Peers[0].Address = time.Hour, address
		opt.Trouble = func(string, error) { alone <- struct{}{} }
		a, fleet = link.Peer{Name: "a", Address: opt.Listener.Addr().String()}, opt.Fleet
	})
	testkit.Await(t, "that nobody listens", alone)
	heard := make(chan core.Message, 100)
	b := link.Open(testkit.ListenOn(t, "tcp", address), link.Options{
		Name: "b", Fleet: fleet, Peers: []link.Peer{a}, Patience: testkit.Patience,
		Incarnation: func() uint64 { return 1 },
		Received: func(_ string, body []byte) {
			m, err := core.ParseMessage(body)
			if err != nil {
				t.Error(err)
			}
			heard <- m
		},
		Up: func(string) {}, Ended: func(string) {}, Trouble: func(string, error) {}, Double: func(string, string) {},
	})
	t.Cleanup(b.Close)
	if m := testkit.Await(t, "a hello", heard); m.Hello == nil {
		t.Errorf("%+v is heard first", m)
	}
}

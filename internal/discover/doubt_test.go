package discover

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"magent/internal/config"
	"magent/internal/loop"
)

func addrs(texts ...string) []netip.Addr {
	var out []netip.Addr
	for _, text := range texts {
		out = append(out, netip.MustParseAddr(text))
	}
	return out
}

// The look-ups of all names take no longer than that of one, and unknown names are reported.
func TestDoubtsAreLookedUpAtOnce(t *testing.T) {
	var p config.Pool
	const names = 10
	for i := range names {
		p.Servers = append(p.Servers,
			config.Address{Network: "tcp", Host: "cache" + string(rune('a'+i)) + ".test", Port: 1, Weight: 1})
	}
	var waiting atomic.Int32
	var found []Doubt
	synctest.Test(t, func(*testing.T) {
		all := make(chan struct{})
		found = doubts([]config.Pool{p}, func(ctx context.Context, _, host string) ([]netip.Addr, error) {
			if waiting.Add(1) == names {
				close(all)
			}
			select {
			case <-all:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			switch host {
			case "cachec.test":
				return nil, errors.New("no such host")
			case "cached.test":
				return nil, nil
			}
			return addrs("127.0.0.1"), nil
		})
	})
	if len(found) != 2 || found[0].Server != "cachec.test:1" || found[0].Reason.Error() != "no such host" ||
		found[1].Server != "cached.test:1" ||
		!errors.Is(found[1].Reason, loop.ErrNoAddress) {
		t.Errorf("got %v", found)
	}
}

// A network interface that does not exist may be created later.
func TestDoubtAboutAnInterface(t *testing.T) {
	p := config.Pool{Servers: []config.Address{{Network: "tcp", Host: "fe80::1%nosuch0", Port: 1, Weight: 1}}}
	found := doubts([]config.Pool{p}, nil)
	if len(found) != 1 || !strings.Contains(found[0].String(), "[fe80::1%nosuch0]") ||
		!strings.Contains(found[0].String(), `no network interface "nosuch0"`) {
		t.Errorf("got %v", found)
	}
}

// The names of Sentinels are checked at the start. It is enough if one has an address, because others may be down.
func TestSentinelNamesAtTheStart(t *testing.T) {
	lookup := func(_ context.Context, _, host string) ([]netip.Addr, error) {
		if host == "known.test" {
			return addrs("127.0.0.1"), nil
		}
		return nil, errors.New("no such host")
	}
	check := func(sentinels ...string) []Doubt {
		pool := config.Pool{Servers: []config.Address{known("m", sentinels...)}}
		return doubts([]config.Pool{pool}, lookup)
	}
	for _, s := range [][]string{{"gone.test:1", "known.test:1"}, {"gone.test:1", "127.0.0.1:1"}, {"[::1]:1"}} {
		if found := check(s...); len(found) > 0 {
			t.Errorf("%v: %v", s, found)
		}
	}
	found := check("gone.test:1", "away.test:1")
	want := `server "sentinel://gone.test:1,away.test:1/m": none of its sentinels has an address: no such host: ` +
		"it is out of use, and looked up again"
	if len(found) != 1 || found[0].String() != want {
		t.Errorf("%v, want %s", found, want)
	}
}

// A name server's address is not that of the server which is not found.
func TestNoNameServerInReasons(t *testing.T) {
	_, err := lookUp(t.Context(), "ip", "no-such-host.invalid")
	if err == nil || strings.Contains(err.Error(), ":53") {
		t.Errorf("got %v", err)
	}
}

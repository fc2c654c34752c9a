package discover

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"magent/internal/config"
	"magent/internal/redis/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests; none of them is expected to take it.
const patience = 5 * time.Second

// known is the address of a master of that name.
func known(name string, sentinels ...string) config.Address {
	return config.Address{Network: "sentinel", Sentinels: strings.Join(sentinels, ","), Master: name, Weight: 1}
}

// found is where a master is found, or the error.
func found(t *testing.T, m *master, within time.Duration) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	addrs, err := m.find(ctx)
	if err != nil {
		return err.Error()
	}
	if len(addrs) != 1 {
		t.Fatalf("found %v", addrs)
	}
	return addrs[0].String()
}

// silent is an address that takes connections and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln.Addr().String()
}

// The sentinels are asked in turn, whatever is the matter with some of them; the one that has answered, or has announced a
// change, is asked first from then on.
func TestMasterIsFound(t *testing.T) {
	t.Parallel()
	one, two := redistest.Start(t), redistest.Start(t)
	redistest.StartReplica(t, one)
	redistest.StartReplica(t, two)
	a, b := redistest.StartSentinels(t, 1, "m", one)[0], redistest.StartSentinels(t, 1, "m", two)[0]
	m := newMaster(known("m", nowhere(t), silent(t), a.Addr, b.Addr), nil)
	if got := found(t, m, 2*time.Second); got != one.Addr {
		t.Errorf("%s, want %s", got, one.Addr)
	}
	if n := m.first.Load(); n != 2 {
		t.Errorf("sentinel %d is asked first", n)
	}
	m.announced(b.Addr)
	if got := found(t, m, patience); got != two.Addr {
		t.Errorf("%s, want %s", got, two.Addr)
	}
	b.Kill()
	if got := found(t, m, patience); !strings.Contains(got, one.Addr) {
		t.Errorf("%s, want %s", got, one.Addr)
	}
	m = newMaster(known("other", a.Addr), nil)
	if got := found(t, m, patience); !strings.Contains(got, `knows no master "other"`) {
		t.Error(got)
	}
}

// nowhere is an address where nobody listens.
func nowhere(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	return ln.Addr().String()
}

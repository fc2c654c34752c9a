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

// patience bounds every wait in these tests. None should come near it.
const patience = 5 * time.Second

// known returns the address of a master that is given by its Sentinels.
func known(name string, sentinels ...string) config.Address {
	return config.Address{Network: "sentinel", Sentinels: strings.Join(sentinels, ","), Master: name, Weight: 1}
}

// found returns the address that find returns, or its error, as text.
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

// silent returns an address that accepts connections and never answers.
func silent(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln.Addr().String()
}

// Sentinels are asked in turn, whatever is wrong with some of them. The one that has answered, or has announced a
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

// nowhere returns an address where nobody listens.
func nowhere(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	return ln.Addr().String()
}

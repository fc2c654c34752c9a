package discover

import (
	"context"
	"strings"
	"testing"
	"time"

	"magent/internal/access"
	"magent/internal/config"
	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

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

// Sentinels are asked in turn, whatever is wrong with some of them. The one that has answered, or has announced a
// change, is asked first from then on.
func TestMasterIsFound(t *testing.T) {
	t.Parallel()
	one, two := testkit.StartRedis(t), testkit.StartRedis(t)
	testkit.StartReplica(t, one)
	testkit.StartReplica(t, two)
	a, b := testkit.StartSentinels(t, 1, "m", one, 1)[0], testkit.StartSentinels(t, 1, "m", two, 1)[0]
	m := newMaster(known("m", testkit.DeadAddr(t), testkit.Silent(t), a.Addr, b.Addr), nil, access.Dialer{})
	if got := found(t, m, 30*time.Second); got != one.Addr {
		t.Errorf("%s, want %s", got, one.Addr)
	}
	if n := m.first.Load(); n != 2 {
		t.Errorf("sentinel %d is asked first", n)
	}
	m.announced(b.Addr)
	if got := found(t, m, testkit.Patience); got != two.Addr {
		t.Errorf("%s, want %s", got, two.Addr)
	}
	b.Kill()
	if got := found(t, m, 30*time.Second); !strings.Contains(got, one.Addr) {
		t.Errorf("%s, want %s", got, one.Addr)
	}
	m = newMaster(known("other", a.Addr), nil, access.Dialer{})
	if got := found(t, m, testkit.Patience); !strings.Contains(got, `knows no master "other"`) {
		t.Error(got)
	}
}

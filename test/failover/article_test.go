package failover

import (
	"testing"

	"magent/test/harness"
)

// TestArticle replays the session of the usual how-to for magent: two proxies are in front of the same two memcacheds,
// with the primary of the one as the backup of the other. Then a memcached dies, and then a proxy.
func TestArticle(t *testing.T) {
	a, b := harness.StartMemcached(t), harness.StartMemcached(t)
	first := harness.StartMagent(t, soon("-s", a.Addr, "-b", b.Addr)...)
	second := harness.StartMagent(t, soon("-s", b.Addr, "-b", a.Addr)...)
	replay(t, first, second, a, b)
}

// replay is the session of the how-to.
func replay(t *testing.T, first, second *harness.Magent, a, b *harness.Memcached) {
	t.Helper()
	m1, m2 := harness.Dial(t, first.Addr), harness.Dial(t, second.Addr)

	m1.Want("set stone 0 0 6\r\n123456\r\n", "STORED\r\n")
	m2.Want("set shidl 0 0 6\r\n666666\r\n", "STORED\r\n")
	m2.Want("get stone\r\n", harness.Hit("stone", "123456"))
	m1.Want("get shidl\r\n", harness.Hit("shidl", "666666"))
	m2.Want("incr stone 2\r\n", "123458\r\n")
	m1.Want("get stone\r\n", harness.Hit("stone", "123458"))
	m1.Want("delete shidl\r\n", "DELETED\r\n")
	m2.Want("get shidl\r\n", "END\r\n")
	for _, server := range []*harness.Memcached{a, b} {
		harness.Dial(t, server.Addr).Want("get stone shidl\r\n", harness.Hit("stone", "123458"))
	}

	a.Kill()
	m1.Want("get stone\r\n", harness.Hit("stone", "123458"))
	m2.Want("get stone\r\n", harness.Hit("stone", "123458"))
	for _, m := range []*harness.Client{m1, m2} { // beyond the article: everything goes on
		m.Want("set new 0 0 1\r\n1\r\n", "STORED\r\n")
		m.Want("append new 0 0 1\r\n2\r\n", "STORED\r\n")
		m.Want("incr new 1\r\n", "13\r\n")
		m.Want("delete new\r\n", "DELETED\r\n")
		m.Want("add new 0 0 1\r\n5\r\n", "STORED\r\n")
		m.Want("get new stone\r\n", "VALUE new 0 1\r\n5\r\n"+harness.Hit("stone", "123458"))
	}

	second.Kill()
	m1.Want("get stone\r\n", harness.Hit("stone", "123458"))
	m1.Send("quit\r\n")
	if rest := m1.AwaitEOF(); rest != "" {
		t.Errorf("reply %q to quit", rest)
	}
	harness.Dial(t, first.Addr).Want("get stone\r\n", harness.Hit("stone", "123458"))
}

package failover

import (
	"fmt"
	"strings"
	"testing"

	"magent/test/harness"
)

// TestProductionLayout has two primaries that share one backup, behind three proxies.
func TestProductionLayout(t *testing.T) {
	s1, s2, b := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
	var proxies []*harness.Client
	for range 3 {
		m := harness.StartMagent(t, soon("-s", s1.Addr, "-s", s2.Addr, "-b", b.Addr)...)
		proxies = append(proxies, harness.Dial(t, m.Addr))
	}
	const keys = 100 // so many that each primary has some, whatever its port
	line, all := "get", ""
	for i := range keys {
		key := fmt.Sprintf("key%d", i)
		proxies[i%3].Want(harness.Set(key, key), "STORED\r\n")
		line += " " + key
		all += fmt.Sprintf("VALUE %s 0 %d\r\n%s\r\n", key, len(key), key)
	}
	for _, server := range []*harness.Memcached{s1, s2} {
		if n := strings.Count(harness.Dial(t, server.Addr).Do(line+"\r\n"), "VALUE "); n == 0 || n == keys {
			t.Errorf("%s has %d of %d keys", server.Name, n, keys)
		}
	}
	everybody := func(want string) {
		t.Helper()
		for _, m := range proxies {
			m.Want(line+"\r\n", want)
		}
	}
	everybody(all + "END\r\n")
	s1.Kill()
	everybody(all + "END\r\n")
	s2.Kill()
	everybody(all + "END\r\n")
	b.Kill()
	for _, m := range proxies {
		if got := m.Do(line + "\r\n"); !strings.HasPrefix(got, "SERVER_ERROR ") {
			t.Errorf("all dead: %q", got)
		}
	}
}

// TestFlushAll checks that flush_all reaches every server of both rings.
func TestFlushAll(t *testing.T) {
	var servers []*harness.Memcached
	var args []string
	for _, flag := range []string{"-s", "-s", "-b", "-b"} {
		m := harness.StartMemcached(t)
		servers = append(servers, m)
		args = append(args, flag, m.Addr)
	}
	c := harness.Dial(t, harness.StartMagent(t, args...).Addr)
	var line strings.Builder
	line.WriteString("get")
	for i := range 100 {
		key := fmt.Sprintf("key%d", i)
		c.Want(harness.Set(key, "1"), "STORED\r\n")
		line.WriteString(" " + key)
	}
	request := line.String() + "\r\n"
	held := func(server *harness.Memcached) int {
		return strings.Count(harness.Dial(t, server.Addr).Do(request), "VALUE ")
	}
	if p, b := held(servers[0])+held(servers[1]), held(servers[2])+held(servers[3]); p != 100 || b != 100 {
		t.Errorf("the primaries hold %d keys, the backups %d", p, b)
	}
	for _, server := range servers {
		if n := held(server); n == 0 {
			t.Errorf("%s holds nothing", server.Name)
		}
	}
	c.Want("flush_all\r\n", "OK\r\n")
	c.Want(request, "END\r\n")
	for _, server := range servers {
		if n := held(server); n != 0 {
			t.Errorf("%s still holds %d keys", server.Name, n)
		}
	}
}

// TestCopyKeepsFlagsAndTTL checks that the backup holds the same as the primary, whatever the command was.
func TestCopyKeepsFlagsAndTTL(t *testing.T) {
	p := startPair(t)
	c := harness.Dial(t, p.proxy.Addr)
	c.Want("set a 77 5000 3\r\nabc\r\n", "STORED\r\n")
	if harness.MetaOf(t) == harness.FullMeta {
		c.Want("ms b 3 F88 T5000\r\nabc\r\n", "HD\r\n")
	} else {
		c.Want("set b 88 5000 3\r\nabc\r\n", "STORED\r\n")
	}
	c.Want("set c 99 0 3\r\nabc\r\n", "STORED\r\n")
	c.Want("touch c 5000\r\n", "TOUCHED\r\n")
	c.Want("set d 1 0 1\r\n1\r\n", "STORED\r\n")
	token := strings.Fields(c.Do("gets d\r\n"))[4]
	c.Want("cas d 66 5000 3 "+token+"\r\nabc\r\n", "STORED\r\n")
	c.Want("set e 55 0 3\r\nabc\r\n", "STORED\r\n")
	if harness.HasGat(t) {
		c.Want("gat 5000 e\r\n", "VALUE e 55 3\r\nabc\r\nEND\r\n")
	} else {
		c.Want("touch e 5000\r\n", "TOUCHED\r\n")
	}
	for _, server := range []*harness.Memcached{p.primary, p.backup} {
		direct := harness.Dial(t, server.Addr)
		for key, flags := range map[string]int{"a": 77, "b": 88, "c": 99, "d": 66, "e": 55} {
			if harness.MetaOf(t) == harness.NoMeta { // nobody tells how long it is kept
				direct.Want("get "+key+"\r\n", fmt.Sprintf("VALUE %s %d 3\r\nabc\r\nEND\r\n", key, flags))
				continue
			}
			var length, ttl int
			var f, value string
			got := direct.Do("mg " + key + " f t v\r\n")
			if _, err := fmt.Sscanf(got, "VA %d %s t%d\r\n%s", &length, &f, &ttl, &value); err != nil ||
				f != fmt.Sprint("f", flags) || ttl < 4900 || ttl > 5000 || value != "abc" {
				t.Errorf("%s, %s: %q", server.Name, key, got)
			}
		}
	}
}

// TestStatsServers checks that the operator can see which server is down.
func TestStatsServers(t *testing.T) {
	p := startPair(t)
	for _, server := range []struct {
		*harness.Memcached
		role string
	}{{p.primary, "primary"}, {p.backup, "backup"}} {
		awaitState(t, p.proxy, server.Memcached, "up")
		if got := harness.ServerStat(t, p.proxy.Addr, server.Addr, "role"); got != server.role {
			t.Errorf("role of %s: %q", server.Name, got)
		}
		for _, field := range []string{"pending", "requests", "errors", "timeouts", "ejections"} {
			if got := harness.ServerStat(t, p.proxy.Addr, server.Addr, field); strings.Trim(got, "0123456789") != "" ||
				got == "" {
				t.Errorf("%s of %s: %q", field, server.Name, got)
			}
		}
		if got := harness.ServerStat(t, p.proxy.Addr, server.Addr, "ejections"); got != "0" {
			t.Errorf("ejections of %s: %s", server.Name, got)
		}
		server.Kill()
		awaitState(t, p.proxy, server.Memcached, "ejected")
		// A loop that uses the server again before another loop has ejected it counts an ejection once more.
		if got := harness.ServerStat(t, p.proxy.Addr, server.Addr, "ejections"); got == "0" {
			t.Errorf("ejections of %s: %s", server.Name, got)
		}
		server.Restart()
		awaitState(t, p.proxy, server.Memcached, "up")
	}
	if lines := p.proxy.LogLines(); lines > 50 {
		t.Errorf("%d log lines for four changes of state", lines)
	}
}

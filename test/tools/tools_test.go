package tools

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestTelegrafMemcached has telegraf count what a client of magent has done.
func TestTelegrafMemcached(t *testing.T) {
	m := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr)
	c := harness.Dial(t, m.Addr)
	c.Want(harness.Set("k", "v"), "STORED\r\n")
	c.Want("get k\r\n", harness.Hit("k", "v"))
	c.Want("get none\r\n", "END\r\n")
	has(t, telegraf(t, "memcached", m.Addr), map[string]string{
		"memcached cmd_set": "1", "memcached cmd_get": "2", "memcached get_hits": "1", "memcached get_misses": "1",
	})
}

// TestTelegrafTwemproxy has telegraf read the statistics of bin/nutcracker.
func TestTelegrafTwemproxy(t *testing.T) {
	server, listen, stats := harness.StartMemcached(t), testkit.DeadAddr(t), testkit.DeadAddr(t)
	text := fmt.Sprintf("main:\n  listen: %s\n  servers:\n   - %s:1\n", listen, server.Addr)
	file := testkit.TempFile(t, "pools.yml", text)
	_, port, _ := strings.Cut(stats, ":")
	testkit.Start(t, "nutcracker", harness.Nutcracker(t), "-c", file, "-a", "127.0.0.1", "-s", port)
	var c *harness.Client
	testkit.Eventually(t, "it listens", func() (err error) {
		c, err = harness.Open(listen)
		return err
	})
	defer c.Close()
	if got, err := c.Try(harness.Set("k", "v")); err != nil || got != "STORED\r\n" {
		t.Fatalf("%q, %v", got, err)
	}
	has(t, telegraf(t, "twemproxy", stats, "main"), map[string]string{
		"twemproxy_pool client_connections": "1", "twemproxy_pool_server requests": "1",
		"twemproxy_pool_server responses": "1", "twemproxy_pool_server server_ejected_at": "0",
	})
}

// redisPool starts a magent with a pool of two Redis servers, and sets ten keys.
func redisPool(t *testing.T) *harness.Magent {
	t.Helper()
	text := fmt.Sprintf("red:\n  listen: %s\n  redis: true\n  servers:\n   - %s:1\n   - %s:1\n",
		testkit.DeadAddr(t), testkit.StartRedis(t).Addr, testkit.StartRedis(t).Addr)
	m := harness.StartMagent(t, "-c", testkit.TempFile(t, "pools.yml", text))
	c := harness.Dial(t, m.Addr)
	for i := range 10 {
		c.Want(fmt.Sprintf("SET key%d v\r\n", i), "+OK\r\n")
	}
	return m
}

// TestTelegrafRedis has telegraf count the keys of both servers.
func TestTelegrafRedis(t *testing.T) {
	has(t, telegraf(t, "redis", redisPool(t).Addr), map[string]string{"redis_keyspace keys": "10"})
}

// TestRedisExporter has Redis' exporter count the keys of both servers.
func TestRedisExporter(t *testing.T) {
	m, web := redisPool(t), testkit.DeadAddr(t)
	testkit.Start(t, "exporter", "prometheus-redis-exporter",
		"-redis.addr", "redis://"+m.Addr, "-web.listen-address", web)
	testkit.Eventually(t, "it shows the pool", func() error {
		text, err := fetch("http://" + web + "/metrics")
		if err != nil {
			return err
		}
		for _, want := range []string{"\nredis_up 1\n", "\nredis_db_keys{db=\"db0\"} 10\n"} {
			if !strings.Contains(text, want) {
				return fmt.Errorf("no %q in\n%s", want, text)
			}
		}
		return nil
	})
}

// TestMemcachedTool asks for magent's statistics with the tool that memcached brings.
func TestMemcachedTool(t *testing.T) {
	m := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr)
	c := harness.Dial(t, m.Addr)
	c.Want(harness.Set("k", "v"), "STORED\r\n")
	for mode, want := range map[string]string{
		"stats": " cmd_set 1\n", "settings": " item_size_max 1048576\n", "display": "Item_Size",
	} {
		code, stdout, stderr := harness.Here(t, "/usr/share/memcached/scripts/memcached-tool", m.Addr, mode)
		text := ""
		for line := range strings.Lines(stdout) {
			text += " " + strings.Join(strings.Fields(line), " ") + "\n"
		}
		if code != 0 || !strings.Contains(text, want) {
			t.Errorf("%s: exit code %d\n%s%s", mode, code, stdout, stderr)
		}
	}
}

// TestNginx serves pages from memcached, by nginx' memcached_pass, also while the primary is away.
func TestNginx(t *testing.T) {
	p, b := harness.StartMemcached(t), harness.StartMemcached(t)
	m, web, dir := harness.StartMagent(t, "-s", p.Addr, "-b", b.Addr), testkit.DeadAddr(t), t.TempDir()
	harness.Dial(t, m.Addr).Want(harness.Set("/page", "hello"), "STORED\r\n")
	conf := testkit.TempFile(t, "nginx.conf", fmt.Sprintf(`daemon off; master_process off; error_log stderr;
pid %[1]s/pid;
events {}
http {
  access_log off; client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c;
  uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
  server { listen %[2]s; location / { set $memcached_key $uri; memcached_pass %[3]s; } }
}
`, dir, web, m.Addr))
	testkit.Start(t, "nginx", "nginx", "-c", conf)
	shows := func() error {
		text, err := fetch("http://" + web + "/page")
		if err == nil && text != "hello" {
			err = fmt.Errorf("it says %q", text)
		}
		return err
	}
	testkit.Eventually(t, "the page", shows)
	if _, err := fetch("http://" + web + "/none"); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a page that is not there: %v", err)
	}
	p.Kill()
	if err := shows(); err != nil {
		t.Errorf("without the primary: %v", err)
	}
}

package status

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// watched starts a magent with everything that has metrics: a pool with backups, one without, an outage that is over,
// and traffic all the time.
func watched(t *testing.T) (m *harness.Magent, admin string) {
	t.Helper()
	p, b, alone := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
	dir := t.TempDir()
	socket := filepath.Join(dir, "m.sock")
	file := filepath.Join(dir, "pools.yml")
	text := fmt.Sprintf(
		"main:\n  listen: %s\n  timeout: 20000\n  probe_interval: 100\n  servers:\n   - %s:1\n  backups:\n   - %s:1\n"+
			"alone:\n  listen: %s.2\n  timeout: 20000\n  servers:\n   - %s:1\n",
		socket, p.Addr, b.Addr, socket, alone.Addr)
	text += fmt.Sprintf("red:\n  listen: %s.3\n  redis: true\n  timeout: 20000\n  servers:\n   - %s:1\n", socket,
		testkit.StartRedis(t).Addr)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	m = harness.StartMagent(t, "-c", file, "--threads", "2", "--admin", "127.0.0.1:0", "--connect-timeout", "20s",
		"--state-dir", filepath.Join(dir, "state"))
	admin = "http://" + adminOf(t, m.Process, "admin")
	redis(t, socket+".3")
	done := make(chan struct{})
	result := traffic(t, socket, done)
	p.Kill()
	harness.AwaitState(t, socket, p.Addr, "ejected")
	harness.Dial(t, socket).Do("get key1\r\n") // which the backup answers
	p.Restart()
	harness.AwaitState(t, socket, p.Addr, "up")
	close(done)
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	return m, admin
}

// redis makes a Redis pool give an answer of each kind.
func redis(t *testing.T, addr string) {
	t.Helper()
	c := harness.Dial(t, addr)
	c.Send("SET k v\r\nGET k\r\nGET none\r\nINCR k\r\nQUIT\r\n")
	got, err := c.TryRest()
	if want := "+OK\r\n$1\r\nv\r\n$-1\r\n-ERR value is not an integer or out of range\r\n+OK\r\n"; err != nil ||
		got != want {
		t.Fatalf("got %q, %v, want %q", got, err, want)
	}
}

// names returns the names of all metrics on a page.
func names(text string) map[string]bool {
	out := map[string]bool{}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			out[line[:strings.IndexAny(line, "{ ")]] = true
		}
	}
	return out
}

// tool runs one of Prometheus' tools.
func tool(t *testing.T, input string, args ...string) {
	t.Helper()
	cmd := exec.Command("promtool", args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("promtool %s: %v (`make deps` installs it)\n%s", strings.Join(args, " "), err, out)
	}
	if args[0] == "check" && args[1] == "metrics" && len(out) > 0 {
		t.Errorf("promtool %s:\n%s", strings.Join(args, " "), out)
	}
}

func deployed(t *testing.T, name string) (path, text string) {
	t.Helper()
	root, err := harness.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(root, "deploy", name)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, string(content)
}

// witness starts a member of a fleet that hears nobody, and returns where it is watched.
func witness(t *testing.T) (admin string) {
	t.Helper()
	w := testkit.Start(t, "witness", harness.Binary(t), "witness",
		"--fleet", "a="+testkit.DeadAddr(t)+",w="+testkit.DeadAddr(t)+"/witness",
		"--member", "w", "--state-dir", filepath.Join(t.TempDir(), "state"), "--admin", "127.0.0.1:0")
	testkit.Until(t, "it votes", func() bool { return strings.Contains(w.Log(), "magent witness votes") })
	return "http://" + adminOf(t, w, "admin")
}

// happened are the lines of metrics that must result from what watched has done.
func happened() []string {
	return []string{
		`magent_requests_total{command="get",pool="main",result="hit"} [1-9]`,
		`magent_requests_total{command="get",pool="main",result="miss"} [1-9]`,
		`magent_requests_total{command="set",pool="main",result="ok"} [1-9]`,
		`magent_requests_total{command="get",pool="alone",result="hit"} 0`,
		`magent_requests_total{command="redis",pool="red",result="ok"} 3`,
		`magent_requests_total{command="redis",pool="red",result="miss"} 1`,
		`magent_requests_total{command="redis",pool="red",result="error"} 1`,
		`magent_request_duration_seconds_count{pool="red"} 5`,
		`magent_server_state{pool="red",role="primary",server="127.0.0.1:\d+",state="up"} 1`,
		`magent_request_duration_seconds_count{pool="main"} [1-9]`,
		`magent_server_response_seconds_count{pool="main",role="primary",server="127.0.0.1:\d+"} [1-9]`,
		`magent_server_state{pool="main",role="primary",server="127.0.0.1:\d+",state="up"} 1`,
		`magent_server_state{pool="main",role="primary",server="127.0.0.1:\d+",state="ejected"} 0`,
		// By one loop, or by both: see TestStatsServers
		`magent_server_ejections_total{pool="main",role="primary",server="127.0.0.1:\d+"} [1-9]`,
		`magent_server_ejections_total{pool="main",role="backup",server="127.0.0.1:\d+"} 0`,
		`magent_failovers_total{pool="main"} [1-9]`,
		`magent_pool_ready{pool="alone"} 1`,
		`magent_loop_busy_seconds_total{loop="1"} `,
		`magent_build_info{goversion="go`,
		`process_open_fds `, `go_goroutines `,
	}
}

// The metrics are well-formed, show what has happened, and include every metric that a rule or the dashboard names.
func TestMetrics(t *testing.T) {
	t.Parallel()
	_, admin := watched(t)
	text := ""
	testkit.Eventually(t, "the metrics tell what has happened", func() error { // they may be of a moment before
		var missing []error
		text = page(t, admin+"/metrics")
		for _, pattern := range happened() {
			if !regexp.MustCompile(`(?m)^` + pattern).MatchString(text) {
				missing = append(missing, fmt.Errorf("there is no line %s", pattern))
			}
		}
		return errors.Join(missing...)
	})
	tool(t, text, "check", "metrics")
	there := names(text)
	ofFleet := page(t, startFleet(t, 2).admins[0]+"/metrics") // a process that is in none does not have them
	tool(t, ofFleet, "check", "metrics")
	maps.Copy(there, names(ofFleet))
	word := regexp.MustCompile(`\b(magent|process|go)_[a-z0-9_]+`)
	for _, name := range []string{"prometheus/magent.rules.yml", "grafana/magent.json"} {
		_, content := deployed(t, name)
		found := map[string]bool{}
		for _, expr := range expressions(t, name, content) {
			for _, metric := range word.FindAllString(expr, -1) {
				found[metric] = true
				if !there[metric] {
					t.Errorf("%s names %s, which is not in /metrics", name, metric)
				}
			}
		}
		if len(found) < 10 {
			t.Errorf("only %d metrics were found in %s", len(found), name)
		}
	}
	// The values of labels are bounded: nothing of a request is in them.
	if strings.Contains(text, "key1") {
		t.Error("a key is in the metrics")
	}
}

// The alerting rules are valid and fire when they should. Each of them is tested.
func TestRules(t *testing.T) {
	t.Parallel()
	path, rules := deployed(t, "prometheus/magent.rules.yml")
	tests, text := deployed(t, "prometheus/magent.test.yml")
	tool(t, "", "check", "rules", path)
	tool(t, "", "test", "rules", tests)
	for _, alert := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(rules, -1) {
		if !strings.Contains(text, alert[1]) {
			t.Errorf("%s is not tested", alert[1])
		}
	}
}

// All scrapes get the same figures, however many there are, and clients do not notice.
func TestManyScrapes(t *testing.T) {
	m := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr, "--admin", "127.0.0.1:0")
	admin := "http://" + adminOf(t, m.Process, "admin")
	c := harness.Dial(t, m.Addr)
	if err := harness.Together(8, func(int) error {
		for range 5 {
			status, text, _, err := get(admin + "/metrics")
			if err != nil {
				return err
			}
			if status != 200 && status != 503 { // more at a time than are answered
				return fmt.Errorf("%d: %s", status, text)
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	c.Want("get a\r\n", "END\r\n")
}

// memcached's exporter and telegraf read these fields of stats, so their names must stay.
func TestStatsHaveTheirNames(t *testing.T) {
	m := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr)
	stats := map[string]string{}
	testkit.Eventually(t, "the server has told what it stores", func() error {
		if stats = harness.Stats(t, m.Addr, ""); stats["limit_maxbytes"] == "" {
			return errors.New("not yet")
		}
		return nil
	})
	for _, name := range []string{
		"pid", "uptime", "time", "version", "rusage_user", "rusage_system", "curr_connections", "total_connections",
		"connection_structures", "cmd_get", "cmd_set",
		"cmd_flush", "cmd_touch", "get_hits", "get_misses", "delete_hits", "delete_misses", "incr_hits", "incr_misses",
		"decr_hits", "decr_misses", "cas_hits",
		"cas_misses", "cas_badval", "touch_hits", "touch_misses", "bytes_read", "bytes_written", "limit_maxbytes",
		"threads", "conn_yields", "bytes", "curr_items",
		"total_items", "evictions", "reclaimed", "listen_disabled_num", "proxy_conn_requests", "proxy_conn_errors",
		"proxy_req_active", "proxy_backend_total",
	} {
		if _, ok := stats[name]; !ok {
			t.Errorf("stats has no %s", name)
		}
	}
	if slices.Contains([]string{"", "0"}, stats["pid"]) {
		t.Errorf("pid: %q", stats["pid"])
	}
}

// Fields of stats that memcached does not have are documented in docs/monitoring.md.
func TestStatsAreDocumented(t *testing.T) {
	server := harness.StartMemcached(t)
	m := harness.StartMagent(t, "-s", server.Addr)
	page := monitoringPage(t)
	theirs, own := harness.Stats(t, server.Addr, ""), 0
	for name := range harness.Stats(t, m.Addr, "") {
		if _, ok := theirs[name]; ok {
			continue
		}
		if own++; !strings.Contains(page, "`"+name+"`") {
			t.Errorf("stats has %q, which does not stand in docs/monitoring.md", name)
		}
	}
	if own < 10 {
		t.Errorf("only %d figures are magent's own", own)
	}
}

func monitoringPage(t *testing.T) string {
	t.Helper()
	root, err := harness.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "monitoring.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

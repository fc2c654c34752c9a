package behaviour

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestStats: exporters and dashboards read these names, and parse the values.
func TestStats(t *testing.T) {
	start := func() string { return harness.StartMemcached(t).Addr }
	proxy := harness.StartMagent(t, "-s", start(), "-b", start())
	c := harness.Dial(t, proxy.Addr)
	before := map[string]string{}
	testkit.Eventually(t, "both servers have told what they store", func() error { // 256 MiB each
		if before = harness.Stats(t, proxy.Addr, ""); before["limit_maxbytes"] != strconv.Itoa(512<<20) {
			return fmt.Errorf("limit_maxbytes is %q", before["limit_maxbytes"])
		}
		return nil
	})
	for _, name := range []string{
		"pid", "uptime", "time", "pointer_size", "curr_connections", "total_connections", "rejected_connections",
		"cmd_get", "cmd_set", "cmd_flush", "cmd_touch",
		"get_hits", "get_misses", "bytes_read", "bytes_written", "limit_maxbytes", "bytes", "curr_items",
		"total_items", "evictions", "threads",
	} {
		if _, err := strconv.ParseUint(before[name], 10, 64); err != nil {
			t.Errorf("%s is %q", name, before[name])
		}
	}
	for _, name := range []string{"rusage_user", "rusage_system"} {
		if _, err := strconv.ParseFloat(before[name], 64); err != nil || strings.Count(before[name], ".") != 1 {
			t.Errorf("%s is %q", name, before[name])
		}
	}
	// Clients choose commands by the version; some accept nothing after the number.
	c.Want("version\r\n", "VERSION 1.6.18\r\n")
	if before["version"] != "1.6.18" {
		t.Errorf("version is %q", before["version"])
	}
	if _, line, _ := harness.Run(t, harness.Binary(t), "-V"); before["magent_version"] == "" ||
		!strings.Contains(line, " "+before["magent_version"]+" ") {
		t.Errorf("magent_version is %q, and magent -V says %q", before["magent_version"], line)
	}
	if before["pid"] != strconv.Itoa(proxy.PID) {
		t.Errorf("pid is %s, not %d", before["pid"], proxy.PID)
	}

	c.Want(harness.Set("a", "1"), "STORED\r\n")
	for range 3 {
		c.Want("get a\r\n", harness.Hit("a", "1"))
	}
	c.Want("get none none\r\n", "END\r\n")
	after := harness.Stats(t, proxy.Addr, "")
	for name, more := range map[string]int{"cmd_set": 1, "get_hits": 3, "get_misses": 2} {
		if was, is := number(t, before[name]), number(t, after[name]); is != was+more {
			t.Errorf("%s went from %d to %d, want %d more", name, was, is, more)
		}
	}
	c.Want("stats reset\r\n", "RESET\r\n")
	if got := harness.Stats(t, proxy.Addr, "")["get_hits"]; got != "0" {
		t.Errorf("get_hits is %s after stats reset", got)
	}
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Error(err)
	}
	return n
}

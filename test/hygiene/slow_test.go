package hygiene

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// slowLine is the log line about a slow request.
type slowLine struct {
	Message string `json:"message"`
	Pool    string `json:"pool"`
	Command string `json:"command"`
	Server  string `json:"server"`
	Key     string `json:"key"`
	KeyHash string `json:"key_hash"`
	Keys    int    `json:"keys"`
	TookMS  int    `json:"took_ms"`
	Skipped int    `json:"skipped"`
}

func slowLines(t *testing.T, log string) (lines []slowLine) {
	t.Helper()
	for line := range strings.Lines(log) {
		var l slowLine
		if json.Unmarshal([]byte(line), &l) == nil && l.Message == "slow request" {
			lines = append(lines, l)
		}
	}
	return lines
}

// A request to a server that hangs is logged as slow, and a fast one is not. The key is logged as a hash, unless keys
// may be shown.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{false, true} {
		m := harness.StartMemcached(t)
		args := []string{"-s", m.Addr, "--slow", "4900ms", "--timeout", "5s", "--connect-timeout", "1m"}
		if told {
			args = append(args, "--slow-keys")
		}
		p := harness.StartMagent(t, args...)
		c := harness.Dial(t, p.Addr)
		c.Want(harness.Set("quick", "1"), "STORED\r\n")
		c.Want("get quick\r\n", harness.Hit("quick", "1"))
		m.Pause()
		if reply := c.Do("get secret\r\n"); !harness.IsError(reply) {
			t.Fatalf("%q", reply)
		}
		var lines []slowLine
		testkit.Eventually(t, "the slow request is logged", func() error {
			if lines = slowLines(t, p.Log()); len(lines) == 0 {
				return errors.New(p.Log())
			}
			return nil
		})
		m.Resume()
		h := fnv.New64a()
		h.Write([]byte("secret"))
		want := slowLine{
			Message: "slow request", Pool: lines[0].Pool, Command: "get", Server: m.Addr,
			TookMS: lines[0].TookMS, KeyHash: fmt.Sprintf("%016x", h.Sum64()),
		}
		if told {
			want.Key, want.KeyHash = "secret", ""
		}
		if len(lines) != 1 || lines[0] != want || lines[0].TookMS < 4900 {
			t.Errorf("logged %+v, want %+v", lines, want)
		}
	}
}

// Of many slow requests only a few are logged, with the number of the others.
func TestSlowRequestsAreBounded(t *testing.T) {
	t.Parallel()
	m := harness.StartMemcached(t)
	p := harness.StartMagent(t, "-s", m.Addr, "--slow", "200ms", "--timeout", "4s", "--connect-timeout", "1m",
		"--server-failure-limit", "1000")
	c := harness.Dial(t, p.Addr)
	c.Want("get k\r\n", "END\r\n") // the server is connected to: what it does not answer then is slow
	m.Pause()
	const requests = 400
	for range 2 {
		c.Send(strings.Repeat("get k\r\n", requests))
		for range requests {
			if reply := c.Reply(); !harness.IsError(reply) {
				t.Fatalf("%q", reply)
			}
		}
	}
	m.Resume()
	harness.AwaitState(t, p.Addr, m.Addr, "up")
	lines, skipped := 0, 0
	testkit.Until(t, "some are logged, and that others were skipped", func() bool {
		lines, skipped = 0, 0
		for _, l := range slowLines(t, p.Log()) {
			lines, skipped = lines+1, skipped+l.Skipped
		}
		return lines >= 10 && skipped > 0
	})
	if lines > requests/2 {
		t.Errorf("%d lines, %d requests skipped", lines, skipped)
	}
}

// stats hotkeys has the key that is asked for most.
func TestHotKeys(t *testing.T) {
	m := harness.StartMemcached(t)
	p := harness.StartMagent(t, "-s", m.Addr)
	c := harness.Dial(t, p.Addr)
	for i := range 200 {
		c.Send(strings.Repeat("get hot\r\n", 40) + fmt.Sprintf("get a%d b%d c%d\r\n", i, i, i))
		for range 41 {
			c.Reply()
		}
	}
	stats := harness.Stats(t, p.Addr, "hotkeys")
	if stats["hotkey:1:key"] != "hot" || stats["hotkey:1:percent"] < "80" {
		t.Errorf("%v", stats)
	}
	harness.Dial(t, p.Addr).Want("stats reset\r\n", "RESET\r\n")
	if stats := harness.Stats(t, p.Addr, "hotkeys"); len(stats) > 0 {
		t.Errorf("after a reset: %v", stats)
	}
}

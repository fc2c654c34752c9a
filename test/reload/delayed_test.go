package reload

import (
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestDelayedFlushAndMemory: a value that is used from memory does not outlive a flush_all with a delay, if the pool
// is changed or gets another name before its time.
func TestDelayedFlushAndMemory(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(pools string) string{
		"changed": func(pools string) string { return pools + "  max_value: 1000\n" },
		"renamed": func(pools string) string { return strings.Replace(pools, "main:", "other:", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := harness.StartMemcached(t)
			addr := testkit.DeadAddr(t)
			pools := calm(pool("main", addr, m)) + "  hot_cache: 1m\n  hot_refresh: 600000\n"
			s := start(t, pools, "--threads", "2")
			c := harness.Dial(t, addr)
			c.Want(harness.Set("k", "1"), "STORED\r\n")
			c.Want("flush_all 5\r\n", "OK\r\n")
			s.reload(change(pools))
			c = harness.Dial(t, addr)
			remembered := false
			testkit.Until(t, "it is flushed", func() bool {
				flushed := c.Do("get k\r\n") == "END\r\n"
				remembered = remembered || harness.Stats(t, addr, "")["hot_hits"] > "0"
				return flushed
			})
			if !remembered {
				t.Error("no value was used from memory")
			}
		})
	}
}

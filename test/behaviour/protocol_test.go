package behaviour

import (
	"errors"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

func TestProtocol(t *testing.T) {
	targets := startTargets(t)
	for _, s := range scripts(t, "protocol.txt") {
		t.Run(s.name, func(t *testing.T) { agree(t, targets, s) })
	}
}

// TestFlushLater: the keys live until the delay is over, on every copy.
func TestFlushLater(t *testing.T) {
	for _, to := range startTargets(t).all() {
		t.Run(to.name, func(t *testing.T) {
			t.Parallel()
			c := harness.Dial(t, to.addr)
			c.Want(harness.Set("a", "1"), "STORED\r\n")
			began := time.Now()
			c.Want("flush_all 3\r\n", "OK\r\n")
			got := c.Do("get a\r\n")
			// memcached counts in its own seconds, minus one
			if got != harness.Hit("a", "1") && time.Since(began) < time.Second {
				t.Errorf("a is gone at once: %q", got)
			}
			testkit.Eventually(t, "a is gone", func() error { return missing(c.Do("get a\r\n")) })
			testkit.Eventually(t, "a can be set again", func() error { // not within the second of the flush
				c.Want(harness.Set("a", "2"), "STORED\r\n")
				if got := c.Do("get a\r\n"); got != harness.Hit("a", "2") {
					return errors.New("reply " + got)
				}
				return nil
			})
		})
	}
}

// TestExpiry: a short exptime takes effect with every command that can set one.
func TestExpiry(t *testing.T) {
	targets := startTargets(t)
	for _, to := range targets.all() {
		t.Run(to.name, func(t *testing.T) {
			t.Parallel()
			c := harness.Dial(t, to.addr)
			c.Want("set a 0 1 1\r\n1\r\n", "STORED\r\n")
			c.Want(harness.Set("b", "2")+"touch b 1\r\n", "STORED\r\n")
			if got := c.Reply(); got != "TOUCHED\r\n" {
				t.Errorf("touch: %q", got)
			}
			if targets.meta == harness.FullMeta {
				c.Want("ms c 1 T1\r\n3\r\n", "HD\r\n")
			}
			c.Want(harness.Set("d", "4"), "STORED\r\n")
			if to == targets.reference || harness.HasGat(t) {
				c.Want("gat 1 d\r\n", harness.Hit("d", "4"))
			} else {
				c.Want("touch d 1\r\n", "TOUCHED\r\n")
			}
			testkit.Eventually(t, "all are gone", func() error { return missing(c.Do("get a b c d\r\n")) })
		})
	}
}

func missing(reply string) error {
	if reply != "END\r\n" {
		return errors.New("still there: " + reply)
	}
	return nil
}

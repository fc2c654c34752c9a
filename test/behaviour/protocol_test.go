package behaviour

import (
	"errors"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

func TestProtocol(t *testing.T) {
	targets := startTargets(t)
	for _, s := range protocolScripts {
		t.Run(s.name, func(t *testing.T) { agree(t, targets, s) })
	}
}

var protocolScripts = []script{
	{name: "lines that are no command", steps: []string{
		"\r\n", "\n", " \r\n", "bogus\r\n", "bogus with words\r\n", "GET a\r\n", "Get a\r\n", "getx a\r\n", "ge a\r\n",
		"m\r\n", "mz a\r\n", "incrx a 1\r\n", "\x01\r\n", "\xff\xfe\r\n", "noreply\r\n", "END\r\n", "\r\r\n", "VALUE a 0 1\r\n",
	}},
	{name: "lines that end with LF alone", steps: []string{
		"set a 0 0 1\n1\r\n", "get a\n", "gets a b\n", "incr a 1\n", "touch a 0\n", "mg a v\n", "ms a 1\n2\r\n", "delete a\n", "set a 0 0 1 noreply\n1\r\nget a\n", "mn\n", "version\n", "verbosity 1\n",
	}},
	{name: "spaces", steps: []string{
		"set  a  0  0  1\r\n1\r\n", "set a 0 0 1 \r\n2\r\n", " set a 0 0 1\r\n3\r\n", "get a \r\n", "  get   a   b  \r\n", "incr  a  1 \r\n", "delete a \r\n", "touch  a  0 \r\n", "mg  a  v \r\n", "mn \r\n", "version \r\n",
	}},
	{name: "version and verbosity", steps: []string{
		"version\r\n", "version x\r\n", "verbosity 1\r\n", "verbosity 0\r\n", "verbosity 1 2\r\n", "verbosity\r\n", "verbosity x\r\n", "verbosity 0 noreply\r\n",
	}},
	{name: "flush_all", steps: []string{
		"set a 0 0 1\r\n1\r\nset b 0 0 1\r\n2\r\nset c 0 0 1\r\n3\r\n", "flush_all\r\n", "get a b c\r\n", "set a 0 0 1\r\n1\r\n", "get a\r\n",
		"flush_all noreply\r\nget a\r\n", "set a 0 0 1\r\n1\r\n", "flush_all 0\r\n", "get a\r\n", "set a 0 0 1\r\n1\r\n", "flush_all 0 noreply\r\nget a\r\n",
		"flush_all x\r\n", "flush_all 1x\r\n", "flush_all x noreply\r\nget a\r\n", "add a 0 0 1\r\n4\r\n", "get a\r\n",
	}},
	{name: "stats", steps: []string{
		"stats\r\n", "stats settings\r\n", "stats items\r\n", "stats slabs\r\n", "stats sizes\r\n", "stats reset\r\n", "stats noreply\r\n", "stats nothing\r\n", "stats\n", "stats \r\n", "stats\r\nget a\r\nstats settings\r\nget a\r\n",
	}},
	{name: "quit", steps: []string{"set a 0 0 1\r\n1\r\n", "get a\r\nquit\r\nget a\r\n"}, ends: true},
	{name: "quit behind noreply", steps: []string{"set a 0 0 1 noreply\r\n9\r\nquit\r\n"}, ends: true},
	{name: "quit and what it did before", steps: []string{"get a\r\n", "quit\n"}, ends: true},
	{name: "quit with a word", steps: []string{"quit now\r\n"}, ends: true},
}

// TestFlushLater: the keys live until the delay is over, on every copy.
func TestFlushLater(t *testing.T) {
	for _, to := range startTargets(t).all() {
		t.Run(to.name, func(t *testing.T) {
			t.Parallel()
			c := harness.Dial(t, to.addr)
			c.Want(harness.Set("a", "1"), "STORED\r\n")
			c.Want("flush_all 3\r\n", "OK\r\n") // memcached counts in its own seconds, less one: 2 may be over at once
			c.Want("get a\r\n", harness.Hit("a", "1"))
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

// TestExpiry: a short exptime is kept by every way to give one.
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

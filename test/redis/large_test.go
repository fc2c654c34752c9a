package redis

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// TestBesideLargeValue checks that other clients are served while a value of 100 MB is being sent, by the same server
// as well: they wait.
func TestBesideLargeValue(t *testing.T) {
	server := testkit.StartRedis(t)
	proxy := startPool(t, []*testkit.Redis{server}).Addr
	one, other, third := dial(t, proxy), dial(t, proxy), dial(t, proxy)
	one.want("+OK\r\n", "SET", "k", "v")
	server.Pause()
	value := strings.Repeat("0123456789abcdef", 100<<20/16)
	one.send(command("SET", "large", value))
	testkit.Eventually(t, "the value is on its way", func() error {
		if info := third.do("INFO", "servers"); !strings.Contains(info, "requests=2,") {
			return fmt.Errorf("INFO %q", info)
		}
		return nil
	})
	other.send(command("GET", "k"))
	testkit.Eventually(t, "the other's request was taken", func() error {
		if info := third.do("INFO", "servers"); !strings.Contains(info, "requests=3,") {
			return fmt.Errorf("INFO %q", info)
		}
		return nil
	})
	server.Resume()
	if got := other.reply(); got != bulk("v") {
		t.Errorf("the other hears %q", got)
	}
	if got := one.reply(); got != "+OK\r\n" {
		t.Errorf("%q", got)
	}
}

package behaviour

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestControlBytes: magent is stricter than memcached, which accepts such keys. A key with a control byte is refused
// with one error line for the command, and no server ever sees it.
func TestControlBytes(t *testing.T) {
	backend := harness.StartMemcached(t)
	proxy := harness.StartMagent(t, "-s", backend.Addr)
	for _, control := range []byte{0, 1, 7, '\t', 0x0b, '\r', 0x1b, 0x1f, 0x7f} {
		key := "a" + string(rune(control)) + "b"
		for _, command := range []string{
			"get %s", "get ok %s", "gets %s", "gat 0 %s", "gats 0 %s", "delete %s", "incr %s 1", "decr %s 1",
			"touch %s 0",
			"mg %s v", "md %s", "ma %s N0", "me %s",
		} {
			request := fmt.Sprintf(command, key) + "\r\n"
			refused(t, proxy.Addr, request)
		}
		for _, command := range []string{
			"set %s 0 0 1", "add %s 0 0 1", "replace %s 0 0 1", "append %s 0 0 1",
			"prepend %s 0 0 1", "cas %s 0 0 1 1", "ms %s 1",
		} {
			request := fmt.Sprintf(command, key) + "\r\nx\r\n"
			refused(t, proxy.Addr, request)
		}
		if got := harness.Dial(t, backend.Addr).Do("get " + key + "\r\n"); strings.Contains(got, "VALUE") {
			t.Errorf("the server has key %q: %q", key, got)
		}
	}
	if got := harness.Stats(t, backend.Addr, "")["curr_items"]; got != "1" {
		t.Errorf("the server holds %s items, not the sentinel alone", got)
	}
}

// refused expects an error line, and the conversation to stay in step.
func refused(t *testing.T, addr, request string) {
	t.Helper()
	c := harness.Dial(t, addr)
	defer c.Close()
	c.Send(request + sentinel)
	reply, err := readTo(c, sentinelReply, testkit.Patience)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	if !harness.IsError(reply) || strings.Count(reply, "\n") != 1 {
		t.Errorf("%q: reply %q", request, reply)
	}
}

// TestOtherCommands: administrative commands of memcached get one error line, and the conversation stays in step.
func TestOtherCommands(t *testing.T) {
	backend := harness.StartMemcached(t)
	proxy := harness.StartMagent(t, "-s", backend.Addr)
	for _, request := range []string{
		"shutdown", "cache_memlimit 64", "slabs automove 0", "lru_crawler enable",
		"watch fetchers", "lru mode flat", "misbehave", "refresh_certs", "debugtime 5",
	} {
		c := harness.Dial(t, proxy.Addr)
		c.Send(request + "\r\n" + sentinel)
		reply, err := readTo(c, sentinelReply, testkit.Patience)
		if err != nil || !harness.IsError(reply) || strings.Count(reply, "\n") != 1 {
			t.Errorf("%q: reply %q, %v", request, reply, err)
		}
		c.Close()
	}
}

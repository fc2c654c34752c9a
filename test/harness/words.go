package harness

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// Set is the line and body of a set without flags and expiry.
func Set(key, value string) string {
	return fmt.Sprintf("set %s 0 0 %d\r\n%s\r\n", key, len(value), value)
}

// Hit is the reply to a get of one key that holds a value without flags.
func Hit(key, value string) string {
	return fmt.Sprintf("VALUE %s 0 %d\r\n%s\r\nEND\r\n", key, len(value), value)
}

// IsError reports whether a reply is one of the three error lines.
func IsError(reply string) bool {
	return strings.HasPrefix(reply, "ERROR") || strings.HasPrefix(reply, "CLIENT_ERROR") || strings.HasPrefix(reply, "SERVER_ERROR")
}

// IsReset reports whether an error says that the other side threw the connection away.
func IsReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// Stats asks for statistics and returns them by name. The argument is "" or one such as "servers".
func Stats(tb testing.TB, addr, arg string) map[string]string {
	tb.Helper()
	c := Dial(tb, addr)
	defer c.Close()
	request := strings.TrimRight("stats "+arg, " ") + "\r\n"
	reply := c.Do(request)
	stats := map[string]string{}
	for line := range strings.Lines(strings.TrimSuffix(reply, "END\r\n")) {
		word, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		name, value, ok := strings.Cut(rest, " ")
		if word != "STAT" || !ok {
			tb.Fatalf("%q: line %q is not STAT name value", request, line)
		}
		stats[name] = value
	}
	return stats
}

// ServerStat is a field of `stats servers` (STAT server:N:field value) for the server with an address.
func ServerStat(tb testing.TB, proxy, server, field string) string {
	tb.Helper()
	stats := Stats(tb, proxy, "servers")
	for name, value := range stats {
		prefix, ok := strings.CutSuffix(name, ":address")
		if ok && strings.HasPrefix(name, "server:") && value == server {
			return stats[prefix+":"+field]
		}
	}
	tb.Fatalf("stats servers of %s: no address %s in %v", proxy, server, stats)
	return ""
}

// AwaitState waits until `stats servers` shows a server in a state.
func AwaitState(tb testing.TB, proxy, server, state string) {
	tb.Helper()
	Eventually(tb, server+" is "+state, func() error {
		if got := ServerStat(tb, proxy, server, "state"); got != state {
			return fmt.Errorf("it is %q", got)
		}
		return nil
	})
}

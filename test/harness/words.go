package harness

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
)

// Set returns a set command without flags and expiration time.
func Set(key, value string) string {
	return fmt.Sprintf("set %s 0 0 %d\r\n%s\r\n", key, len(value), value)
}

// Hit returns the reply to a get of one key whose value has no flags.
func Hit(key, value string) string {
	return fmt.Sprintf("VALUE %s 0 %d\r\n%s\r\nEND\r\n", key, len(value), value)
}

// IsError reports whether a reply is one of the three error lines.
func IsError(reply string) bool {
	return strings.HasPrefix(reply, "ERROR") || strings.HasPrefix(reply, "CLIENT_ERROR") ||
		strings.HasPrefix(reply, "SERVER_ERROR")
}

// IsReset reports whether an error means that the other side has reset or closed the connection.
func IsReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// Stats sends the command stats and returns the values by name. arg is the argument of the command, such as "servers",
// or empty.
func Stats(tb testing.TB, addr, arg string) map[string]string {
	tb.Helper()
	c := Dial(tb, addr)
	defer c.Close()
	request := strings.TrimRight("stats "+arg, " ") + "\r\n"
	stats, err := ParseStats(c.Do(request))
	if err != nil {
		tb.Fatalf("%q: %v", request, err)
	}
	return stats
}

// ParseStats takes a reply to stats apart.
func ParseStats(reply string) (map[string]string, error) {
	stats := map[string]string{}
	for line := range strings.Lines(strings.TrimSuffix(reply, "END\r\n")) {
		word, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		name, value, ok := strings.Cut(rest, " ")
		if word != "STAT" || !ok {
			return nil, fmt.Errorf("line %q is not STAT name value", line)
		}
		stats[name] = value
	}
	return stats, nil
}

// ServerStat returns a field of `stats servers` (STAT server:N:field value) of the server with the given address.
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

// AwaitState waits until `stats servers` shows a server in the given state.
func AwaitState(tb testing.TB, proxy, server, state string) {
	tb.Helper()
	testkit.Eventually(tb, server+" is "+state, func() error {
		if got := ServerStat(tb, proxy, server, "state"); got != state {
			return fmt.Errorf("it is %q", got)
		}
		return nil
	})
}

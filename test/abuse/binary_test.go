package abuse

import (
	"errors"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestBinaryProtocol checks that the binary protocol, which magent does not speak, closes the connection. It is logged
// once, even if many clients try.
func TestBinaryProtocol(t *testing.T) {
	v := startVictim(t)
	before := v.LogLines()
	speakBinary(t, v)
	testkit.Eventually(t, "the log says so", func() error {
		if v.LogLines() == before {
			return errors.New("no new line")
		}
		return nil
	})
	v.serves(t)
	if lines := v.LogLines() - before; lines != 1 {
		t.Errorf("%d log lines:\n%s", lines, v.Log())
	}
	for range 200 {
		speakBinary(t, v)
	}
	v.serves(t)
	if lines := v.LogLines() - before; lines > 20 {
		t.Errorf("%d log lines for 201 clients", lines)
	}
}

// speakBinary asks for the version in the binary protocol.
func speakBinary(t *testing.T, v *victim) {
	t.Helper()
	c := harness.Dial(t, v.Addr)
	defer c.Close()
	c.Send("\x80\x0b" + strings.Repeat("\x00", 22))
	if got := c.AwaitEOF(); strings.HasPrefix(got, "\x81") {
		t.Errorf("reply %q", got)
	}
}

package abuse

import (
	"testing"

	"magent/test/harness"
)

// TestQuietClients checks the two timeouts of clients, each by itself: one that does not complete a request gets an
// error and is cut off, and one that sends no request is closed if so configured.
func TestQuietClients(t *testing.T) {
	t.Parallel()
	v := startVictim(t, "--request-timeout", "8s")
	half := harness.Dial(t, v.Addr)
	half.Send("set big 0 0 100\r\nnot all of it")
	if got := half.AwaitEOF(); got != "SERVER_ERROR request timed out: its rest did not come\r\n" {
		t.Errorf("half a request: %q", got)
	}
	v.serves(t) // the old value is there

	v = startVictim(t, "--idle-timeout", "8s")
	if got := harness.Dial(t, v.Addr).AwaitEOF(); got != "" {
		t.Errorf("an idle client: %q", got)
	}
}

package abuse

import (
	"testing"

	"magent/test/harness"
)

// TestQuietClients: who does not go on with a request is told so and cut off, and who asks for nothing is closed if that is wanted.
func TestQuietClients(t *testing.T) {
	t.Parallel()
	v := startVictim(t, "--request-timeout", "1s", "--idle-timeout", "2s")
	half, idle := harness.Dial(t, v.Addr), harness.Dial(t, v.Addr)
	half.Send("set big 0 0 100\r\nnot all of it")
	if got := half.AwaitEOF(); got != "SERVER_ERROR request timed out: its rest did not come\r\n" {
		t.Errorf("half a request: %q", got)
	}
	if got := idle.AwaitEOF(); got != "" {
		t.Errorf("an idle client: %q", got)
	}
	v.serves(t) // the old value is there
}

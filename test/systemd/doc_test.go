// Package systemd checks how magent works with systemd, without systemd as the first process. It checks the units with
// systemd's own tools, messages to systemd with a socket in place of systemd's, and socket activation with
// systemd-socket-activate.
package systemd

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// Package systemd checks what magent and systemd have to say to each other, without systemd as the first process: the units by
// systemd's own tools, messages by a socket in the place of its own, socket activation by systemd-socket-activate.
package systemd

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

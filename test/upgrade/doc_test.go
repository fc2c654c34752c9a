// Package upgrade replaces a running magent by a new process (SIGUSR2), while clients come, stay and go. The new one
// is the same version, the next one, or the one before (harness.Previous).
package upgrade

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// Package upgrade replaces a running magent by a new process (SIGUSR2), while clients come, stay and go.
package upgrade

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

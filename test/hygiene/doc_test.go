// Package hygiene checks what magent leaves behind: descriptors and threads while it runs, and clients when it ends.
package hygiene

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

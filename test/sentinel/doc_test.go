// Package sentinel runs magent in front of Redis masters that are given by their Sentinels, which replace them.
package sentinel

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

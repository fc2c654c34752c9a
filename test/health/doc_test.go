// Package health runs `magent health` beside real proxies, well and unwell.
package health

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// Package health runs `magent health` against real proxies that can and cannot serve.
package health

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

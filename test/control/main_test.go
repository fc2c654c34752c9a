// Package control has black-box tests of the commands to a running magent by its unix socket.
package control

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

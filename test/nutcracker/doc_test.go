// Package nutcracker holds our nutcracker beside twemproxy's, which is run with the same command lines and files, and
// looks at what it does as a process: daemon, files, signals, stats port.
package nutcracker

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

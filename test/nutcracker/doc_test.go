// Package nutcracker compares our nutcracker with twemproxy's, run with the same command lines and files. It also
// checks what ours does as a process: daemon, files, signals, stats port.
package nutcracker

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

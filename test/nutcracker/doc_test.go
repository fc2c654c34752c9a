// Package nutcracker compares our nutcracker with twemproxy's, run with the same command lines and files. It also
// checks what ours does as a process: daemon, files, signals, stats port.
package nutcracker

import (
	"os"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestMain gives our nutcracker, which has no flags for this, as long as other tests give magent: servers of a busy
// machine are late.
func TestMain(m *testing.M) {
	for _, name := range []string{"MAGENT_CONNECT_TIMEOUT", "MAGENT_DRAIN_TIMEOUT"} {
		if err := os.Setenv(name, testkit.Patience.String()); err != nil {
			panic(err)
		}
	}
	harness.Main(m)
}

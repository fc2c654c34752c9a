// Package clients runs programs and libraries that people use with memcached against magent.
package clients

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// startProxy is magent with two primaries and a backup.
func startProxy(t *testing.T) *harness.Magent {
	t.Helper()
	start := func() string { return harness.StartMemcached(t).Addr }
	return harness.StartMagent(t, "-s", start(), "-s", start(), "-b", start())
}

// Package redis runs magent with pools of real redis-servers, and compares it with one redis-server: the replies byte
// by byte, with real clients, with servers that are down, and with clients that misbehave. In sentinel_test.go
// Sentinels name the masters and replace them.
//
// Reading order: rig_test.go and conn_test.go (helpers), script_test.go with testdata/*.txt (conversations that are
// compared), and then any file by its name.
package redis

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// Package redis runs magent with pools of real redis-servers, and holds it against one redis-server: what a client is told, byte
// by byte, with real clients, with servers that are away, and with clients that mean no good. In
// sentinel_test.go masters are given by their Sentinels, which replace them.
//
// Reading order: rig_test.go and conn_test.go (the parts), script_test.go with testdata/*.txt (conversations, compared),
// then whatever a file's name says.
package redis

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

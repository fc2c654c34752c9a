// Package behaviour holds one suite of conversations, bytes in and bytes out, that is held with memcached itself,
// with magent in front of one memcached, and with magent in front of a primary and a backup.
// All three must say the same, reply for reply. What memcached says is the specification. testdata holds the
// conversations. testkit.Conversation says how they are written.
//
// programs_test.go and gomemcache_test.go run programs and libraries that people use with memcached against magent.
package behaviour

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// Package behaviour has a suite of conversations, as bytes in and bytes out. They are held with memcached itself,
// with magent in front of one memcached, and with magent in front of a primary and a backup. All three must answer
// the same, reply for reply: memcached's answers are the specification. The conversations are in testdata; see
// testkit.Conversation for their form.
//
// programs_test.go and gomemcache_test.go run programs and libraries that people use with memcached against magent.
package behaviour

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

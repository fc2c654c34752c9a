// Package vip runs what users run: three hosts, each with a memcached and a magent, and one virtual address that keepalived, or
// HAProxy, keeps on a magent that serves. The hosts are network namespaces, joined by a bridge; a client, in a namespace of
// its own, writes and reads through the virtual address while magents and memcacheds are killed and links are cut.
//
// The namespaces have no names: they live as long as the processes in them, and those end with the test. So nothing
// is left behind, whatever happens, and two runs at a time do not meet.
package vip

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

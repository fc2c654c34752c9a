// Package vip runs what users run: three hosts, each with a memcached and a magent, and a virtual address. keepalived,
// or HAProxy, keeps the address on a magent that serves. The hosts are network namespaces that a bridge joins. A
// client in another namespace writes and reads through the virtual address, while magents and memcacheds are killed
// and links are cut.
//
// The namespaces have no names. They exist as long as the processes in them, which end with the test. So nothing is
// left behind, and two runs at the same time do not affect each other.
package vip

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

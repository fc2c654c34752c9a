package ring

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkPick(b *testing.B) {
	for _, c := range []struct {
		distribution string
		servers      int
	}{{"ketama", 2}, {"ketama", 12}, {"ketama", 100}, {"modula", 12}, {"magent", 12}, {"magent-ketama", 12}} {
		r := mustRing(b, c.distribution, equalMembers(c.servers), nil)
		b.Run(fmt.Sprintf("%s/%d", c.distribution, c.servers), func(b *testing.B) {
			b.ReportAllocs()
			hash := uint32(1)
			for b.Loop() {
				hash = hash*1664525 + 1013904223
				r.Pick(hash)
			}
		})
	}
}

func BenchmarkHashAndPick(b *testing.B) {
	r := mustRing(b, "ketama", equalMembers(12), nil)
	keys := make([][]byte, 1024)
	for i := range keys {
		keys[i] = []byte(strings.Repeat("user:", 2) + fmt.Sprint(1000000000+i*7919))
	}
	for _, name := range []string{"md5", "fnv1a_64", "murmur"} {
		hash := mustHash(b, name)
		b.Run(name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				r.Pick(hash(keys[i&1023]))
				i++
			}
		})
	}
}

func BenchmarkNewKetama(b *testing.B) {
	members := equalMembers(12)
	for b.Loop() {
		NewKetama(members, nil)
	}
}

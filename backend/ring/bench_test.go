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

// BenchmarkFour hashes 16 keys, one after the other, and four at a time.
func BenchmarkFour(b *testing.B) {
	var keys [16][]byte
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "user:%d", 1000000000+i*7919)
	}
	hash, four := mustHash(b, "md5"), FourByName("md5")
	b.Run("in turn", func(b *testing.B) {
		for b.Loop() {
			for _, key := range keys {
				hash(key)
			}
		}
	})
	if four == nil {
		return
	}
	b.Run("four", func(b *testing.B) {
		for b.Loop() {
			for i := 0; i < len(keys); i += 4 {
				four([4][]byte(keys[i:]))
			}
		}
	})
}

func BenchmarkNewKetama(b *testing.B) {
	members := equalMembers(12)
	for b.Loop() {
		NewKetama(members, nil)
	}
}

package resp

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkNext(b *testing.B) {
	const key = "user:1234567890:profile"
	mset := append([]string{"MSET"}, strings.Fields(strings.Repeat(key+" value ", 100))...)
	for _, bb := range []struct {
		name string
		in   []byte
	}{
		{"get", AppendCommand(nil, "GET", key)},
		{"set10", AppendCommand(nil, "SET", key, "0123456789", "EX", "3600")},
		{"set1M", AppendCommand(nil, "SET", key, strings.Repeat("x", 1_000_000))},
		{"mget100", AppendCommand(nil, append([]string{"MGET"}, strings.Fields(strings.Repeat(key+" ", 100))...)...)},
		{"mset100", AppendCommand(nil, mset...)},
		{"inline", []byte("GET " + key + "\r\n")},
	} {
		b.Run(bb.name, func(b *testing.B) {
			var r Request
			var p Progress
			b.ReportAllocs()
			for b.Loop() {
				if _, st := Next(bb.in, testLimits, &r, &p); st != Complete {
					b.Fatal(st)
				}
			}
		})
	}
}

func BenchmarkLookup(b *testing.B) {
	for _, name := range []string{"GET", "get", "SET", "HGETALL", "ZREVRANGEBYSCORE", "georadiusbymember_ro", "NOPE"} {
		b.Run(name, func(b *testing.B) {
			in := []byte(name)
			for b.Loop() {
				Lookup(in)
			}
		})
	}
	b.Run("all", func(b *testing.B) { // each name once, so the time is that of one call times their number
		var names [][]byte
		for c := range Commands() {
			names = append(names, []byte(c.Name))
		}
		i := 0
		for b.Loop() {
			if Lookup(names[i]) == nil {
				b.Fatal(i)
			}
			if i++; i == len(names) {
				i = 0
			}
		}
	})
}

func BenchmarkKeys(b *testing.B) {
	for _, line := range []string{
		"GET k", "MGET" + strings.Repeat(" k", 100), "EVAL s 2 k1 k2 a",
		"ZUNIONSTORE d 2 k1 k2", "XREAD COUNT 5 STREAMS k 0", "OBJECT ENCODING k",
	} {
		args := toArgs(strings.Fields(line)...)
		b.Run(strings.Fields(line)[0], func(b *testing.B) {
			c := Lookup(args[0])
			dst := make([]int, 0, 128)
			b.ReportAllocs()
			for b.Loop() {
				c.Keys(dst, args)
			}
		})
	}
}

func BenchmarkFramer(b *testing.B) {
	value := func(size int) string { return fmt.Sprintf("$%d\r\n%s\r\n", size, strings.Repeat("x", size)) }
	for _, bb := range []struct{ name, in string }{
		{"OK", "+OK\r\n"},
		{"null", "$-1\r\n"},
		{"integer", ":1234\r\n"},
		{"value100", value(100)},
		{"value100k", value(100_000)},
		{"array1000", "*1000\r\n" + strings.Repeat(value(10), 1000)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			in := []byte(bb.in)
			var f Framer
			b.ReportAllocs()
			for b.Loop() {
				if n, _, _ := f.Next(in); n != len(in) {
					b.Fatal(n)
				}
			}
		})
	}
}

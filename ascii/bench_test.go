package ascii

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func BenchmarkNext(b *testing.B) {
	many := "get" + strings.Repeat(" user:1234567890:profile", 100) + "\r\n"
	for _, bb := range []struct{ name, in string }{
		{"get", "get user:1234567890:profile\r\n"},
		{"get100", many},
		{"set10", "set user:1234567890:profile 0 3600 10\r\n" + strings.Repeat("x", 10) + "\r\n"},
		{"set1M", "set user:1234567890:profile 0 3600 1000000\r\n" + strings.Repeat("x", 1000000) + "\r\n"},
		{"delete", "delete user:1234567890:profile\r\n"},
		{"mg", "mg user:1234567890:profile v t f q k O123\r\n"},
		{"ms", "ms user:1234567890:profile 10 T3600 F5 q\r\n" + strings.Repeat("x", 10) + "\r\n"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			in := []byte(bb.in)
			var r Request
			b.ReportAllocs()
			for b.Loop() {
				if _, st := Next(in, testLimits, &r); st != Complete {
					b.Fatal(st)
				}
			}
		})
	}
}

func BenchmarkFrame(b *testing.B) {
	value := func(size int) string {
		return fmt.Sprintf("VALUE user:1234567890:profile 0 %d\r\n%s\r\n", size, strings.Repeat("x", size))
	}
	for _, bb := range []struct {
		name, in string
		shape    Shape
	}{
		{"STORED", "STORED\r\n", ShapeLine},
		{"DELETED", "DELETED\r\n", ShapeLine},
		{"END", "END\r\n", ShapeValues},
		{"VALUE100", value(100) + "END\r\n", ShapeValues},
		{"VALUE100k", value(100_000) + "END\r\n", ShapeValues},
		{"VALUEx1000", strings.Repeat(value(10), 1000) + "END\r\n", ShapeValues},
		{"HD", "HD\r\n", ShapeMeta},
		{"VA100", "VA 100 t-1 f0\r\n" + strings.Repeat("x", 100) + "\r\n", ShapeMeta},
	} {
		b.Run(bb.name, func(b *testing.B) {
			in := []byte(bb.in)
			var f Framer
			var r Reply
			b.ReportAllocs()
			for b.Loop() {
				if n, _, _ := f.Next(in, bb.shape, &r); n != len(in) {
					b.Fatal(n)
				}
			}
		})
	}
}

func BenchmarkAppendHead(b *testing.B) {
	for _, in := range []string{
		"get user:1234567890:profile\r\n", "delete user:1234567890:profile noreply\r\n",
		"mg user:1234567890:profile v q k\r\n",
	} {
		b.Run(strings.Fields(in)[0], func(b *testing.B) {
			var r Request
			Next([]byte(in), testLimits, &r)
			dst := make([]byte, 0, 256)
			b.ReportAllocs()
			for b.Loop() {
				dst = AppendHead(dst[:0], &r)
			}
		})
	}
}

func BenchmarkHasControl(b *testing.B) {
	s := bytes.Repeat([]byte("x"), 27)
	for b.Loop() {
		if hasControl(s) {
			b.Fatal()
		}
	}
}

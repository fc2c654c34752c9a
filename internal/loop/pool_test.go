package loop

import (
	"bytes"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

func TestPoolClasses(t *testing.T) {
	var p Pool
	for _, c := range []struct{ ask, want int }{
		{0, 4 << 10},
		{1, 4 << 10},
		{4 << 10, 4 << 10},
		{4<<10 + 1, 8 << 10},
		{100 << 10, 128 << 10},
		{ReadBufferSize, ReadBufferSize},
		{2<<20 - 1, 2 << 20},
		{2 << 20, 2 << 20},
		{2<<20 + 1, 2<<20 + 1}, // not kept, so not rounded
	} {
		if b := p.Get(c.ask); len(b) != 0 || cap(b) != c.want {
			t.Errorf("Get(%d): length %d, capacity %d; want 0 and %d", c.ask, len(b), cap(b), c.want)
		}
	}
}

// same reports whether two slices have the same array.
func same(a, b []byte) bool { return unsafe.SliceData(a) == unsafe.SliceData(b) }

func TestPoolLendsTheLastOneAgain(t *testing.T) {
	var p Pool
	a, b := p.Get(5000), p.Get(5000)
	p.Put(a)
	p.Put(append(b, "left over"...))
	if got := p.Get(6000); !same(got, b) || len(got) != 0 {
		t.Errorf("not the buffer that was put back last, or not empty (%d)", len(got))
	}
	if got := p.Get(4097); !same(got, a) {
		t.Error("not the buffer that was put back first")
	}
	if p.kept != 0 {
		t.Errorf("%d bytes are said to be free, there are none", p.kept)
	}
}

func TestPoolRefuses(t *testing.T) {
	var p Pool
	p.Put(nil)
	p.Put(make([]byte, 0, 5000)) // not from Get
	p.Put(make([]byte, 100))
	p.Put(make([]byte, 3<<20)) // too large to be kept
	p.Put(p.Get(4096)[:0:4000])
	if p.kept != 0 {
		t.Errorf("%d bytes kept, want none", p.kept)
	}
}

func TestPoolCeiling(t *testing.T) {
	var p Pool
	const size = 1 << 20
	for range 2 * poolCeiling / size {
		p.Put(make([]byte, 0, size))
	}
	if p.kept != poolCeiling {
		t.Errorf("%d bytes kept, want %d", p.kept, poolCeiling)
	}
	p.Put(make([]byte, 0, 4096))
	if p.kept != poolCeiling {
		t.Errorf("a small buffer went over the ceiling: %d", p.kept)
	}
	p.Get(size)
	p.Put(make([]byte, 0, 4096))
	if want := poolCeiling - size + 4096; p.kept != want {
		t.Errorf("%d bytes kept after one was taken, want %d", p.kept, want)
	}
}

// Several buffers that grow in turns, compared with plain slices.
func TestPoolAppendKeepsContents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p Pool
		var got, want [4][]byte
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			i := rapid.IntRange(0, len(got)-1).Draw(t, "buffer")
			switch rapid.IntRange(0, 4).Draw(t, "do") {
			case 0:
				p.Put(got[i])
				got[i], want[i] = nil, nil
			case 1:
				n := rapid.IntRange(0, 200<<10).Draw(t, "room")
				if got[i] = p.Grow(got[i], n); cap(got[i])-len(got[i]) < n {
					t.Fatalf("Grow(%d): room for %d", n, cap(got[i])-len(got[i]))
				}
			default:
				data := pattern(rapid.IntRange(0, 20<<10).Draw(t, "size"), step)
				got[i] = p.Append(got[i], data)
				want[i] = append(want[i], data...)
			}
			for i := range got {
				if !bytes.Equal(got[i], want[i]) {
					t.Fatalf("buffer %d: %s", i, differ(got[i], want[i]))
				}
			}
		}
		if p.kept < 0 || p.kept > poolCeiling {
			t.Fatalf("%d bytes kept", p.kept)
		}
	})
}

func TestPoolGrowLeavesWhatHasRoom(t *testing.T) {
	var p Pool
	b := p.Get(100)
	if g := p.Grow(b, cap(b)); !same(g, b) {
		t.Error("a buffer with room was replaced")
	}
	b = b[:cap(b)]
	if g := p.Grow(b, 1); cap(g) < 2*cap(b) || p.kept != cap(b) {
		t.Errorf("grown to %d, %d bytes put back; want doubled and the old one put back", cap(g), p.kept)
	}
}

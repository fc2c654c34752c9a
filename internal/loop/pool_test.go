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
		{2<<20 + 1, 2<<20 + 1}, // not rounded
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
	p.Put(p.Get(4096)[:0:4000])
	if p.kept != 0 || p.large.kept != 0 {
		t.Errorf("%d bytes kept, want none", p.kept+p.large.kept)
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

// A large buffer is lent again for what it fits: the largest one of those that have room and are not twice as large.
func TestPoolLendsLarge(t *testing.T) {
	var p Pool
	const mb = 1 << 20
	b := map[int][]byte{}
	for _, size := range []int{3 * mb, 9 * mb, 5 * mb, 8 * mb} {
		b[size] = make([]byte, 0, size)
		p.Put(b[size])
	}
	for _, c := range []struct{ ask, want int }{
		{10 * mb, 0},
		{4 * mb, 8 * mb},
		{4 * mb, 5 * mb},
		{4 * mb, 0},
		{9 * mb, 9 * mb},
		{2*mb + 1, 3 * mb},
		{2*mb + 1, 0},
	} {
		got := p.Get(c.ask)
		if c.want == 0 && cap(got) != c.ask || c.want > 0 && !same(got, b[c.want]) || len(got) > 0 {
			t.Errorf("Get(%d): capacity %d, want the one of %d", c.ask, cap(got), c.want)
		}
	}
	if p.large.kept != 0 || len(p.large.free) != 0 {
		t.Errorf("%d bytes are said to be free in %d buffers, there are none", p.large.kept, len(p.large.free))
	}
}

// Free large buffers are bounded. Those that are not needed for a while are let go of, and count as dropped.
func TestPoolLetsLargeGo(t *testing.T) {
	var p Pool
	const size = 3 << 20
	p.large.kept = largeCeiling - 4*size // as if there were others
	for range 5 {
		p.Put(make([]byte, 0, size))
	}
	if n := len(p.large.free); n != 4 || p.Dropped() != size {
		t.Errorf("%d buffers are kept, want 4", n)
	}
	p.large.kept = 4 * size
	p.Trim()
	a, b := p.Get(size), p.Get(size)
	p.Put(a)
	p.Put(b)
	for _, want := range []int{2, 0} {
		if p.Trim(); len(p.large.free) != want || p.large.kept != want*size {
			t.Errorf("%d buffers of %d bytes are left, want %d", len(p.large.free), p.large.kept, want)
		}
	}
	if got := p.Dropped(); got != 4*size {
		t.Errorf("%d bytes were dropped, want %d", got, 4*size)
	}
}

// A message of which a good part is there gets a free buffer for all of it, if there is one, so that it is not copied
// again. It makes nobody reserve memory.
func TestPoolNext(t *testing.T) {
	const mb = 1 << 20
	var p Pool
	whole := make([]byte, 0, 50*mb)
	for _, c := range []struct {
		name          string
		free          bool
		have, need, n int
		want          int
	}{
		{"none is free", false, 2 * mb, 50 * mb, 4 * mb, 4 * mb},
		{"little is there", true, 1000, 50 * mb, 4 * mb, 4 * mb},
		{"it is too small", true, 2 * mb, 51 * mb, 4 * mb, 4 * mb},
		{"it has room", true, mb, 50 * mb, 2 * mb, 50 * mb},
		{"it is far too large", true, 2 * mb, 24 * mb, 4 * mb, 4 * mb},
	} {
		if p = (Pool{}); c.free {
			p.Put(whole)
		}
		if b := p.next(c.have, c.need, c.n); cap(b) != c.want || len(b) != 0 {
			t.Errorf("%s: %d bytes, want %d", c.name, cap(b), c.want)
		}
	}
}

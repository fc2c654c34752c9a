package forward

import (
	"bytes"
	"math"
	"testing"
)

var marks = []Mark{
	{Kind: Header, Epoch: 7, Time: 1_500_000},
	{Kind: Header, Epoch: math.MaxUint64, Time: math.MaxInt64},
	{Kind: Header},
	{Kind: Question},
	{Kind: Answer, Time: 123456789},
	{Kind: Return, Epoch: 300},
	{Kind: Return},
}

// A mark comes as a whole, however it is cut, and leaves what is behind it.
func TestMarks(t *testing.T) {
	for _, want := range marks {
		text := AppendMark(nil, want)
		if !IsMark(text[0]) {
			t.Errorf("%+v begins like a request", want)
		}
		for i := range text {
			if m, n, ok := NextMark(text[:i]); n != 0 || !ok {
				t.Errorf("%d bytes of %+v are %+v, %d, %v", i, want, m, n, ok)
			}
		}
		if m, n, ok := NextMark(append(text, "get k\r\n"...)); m != want || n != len(text) || !ok {
			t.Errorf("%+v becomes %+v, %d, %v", want, m, n, ok)
		}
	}
}

func TestWhatIsNoMark(t *testing.T) {
	for name, text := range map[string]string{
		"a request":                "get k\r\n",
		"a reply":                  "STORED\r\n",
		"no kind":                  "\x00",
		"an unknown kind":          "\x05",
		"a number too large":       "\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"a number that never ends": "\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"a number that is padded":  "\x04\x80\x00",
		"a time below zero":        "\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
	} {
		if m, n, ok := NextMark([]byte(text)); n != 0 || ok {
			t.Errorf("%s is %+v, %d, %v", name, m, n, ok)
		}
	}
}

// What is taken for a mark is exactly what would be written for it. No request and no reply is.
func FuzzMark(f *testing.F) {
	for _, m := range marks {
		f.Add(AppendMark(nil, m))
	}
	f.Add([]byte("set k 0 0 1\r\nx\r\n"))
	f.Add([]byte{4, 0x80, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, n, ok := NextMark(data)
		switch {
		case !ok && n != 0, n > len(data):
			t.Fatalf("%d bytes, %v", n, ok)
		case n == 0:
			if m != (Mark{}) {
				t.Fatalf("no mark is %+v", m)
			}
			return
		}
		if m.Time < 0 || !IsMark(data[0]) || !bytes.Equal(AppendMark(nil, m), data[:n]) {
			t.Fatalf("%q is %+v", data[:n], m)
		}
		if _, short, ok := NextMark(data[:n-1]); short != 0 || !ok {
			t.Fatalf("%q without its last byte: %d, %v", data[:n], short, ok)
		}
	})
}

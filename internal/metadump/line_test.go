package metadump

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
)

func TestParseItem(t *testing.T) {
	for line, want := range map[string]Item{
		"key=b%2520 exp=-1 la=1795281740 cas=2 fetch=no cls=1 size=64": {Key: []byte("b%20"), Expires: -1, Size: 64},
		"key=a exp=1795282237 la=1 cas=2 fetch=yes cls=1 size=65": {
			Key:     []byte("a"),
			Expires: 1795282237, Size: 65,
		},
		"key=%00%fF%0A size=7 new=field exp=5 word": {Key: []byte("\x00\xff\n"), Expires: 5, Size: 7},
		"key=x": {Key: []byte("x"), Expires: -1},
	} {
		got, err := parseItem([]byte(line))
		if err != nil || !bytes.Equal(got.Key, want.Key) || got.Expires != want.Expires || got.Size != want.Size {
			t.Errorf("%s: got %+v, %v", line, got, err)
		}
	}
}

func TestParseItemRefuses(t *testing.T) {
	for _, line := range []string{
		"", "END ", "key", "key=", "key= exp=1", "kez=a exp=1", "key=% exp=1", "key=%1 exp=1", "key=%g1", "key=%1g",
		"key=a exp=", "key=a exp=x",
		"key=a size=", "key=a exp=99999999999999999999999", "key=a size=123456789012345678901",
	} {
		if it, err := parseItem([]byte(line)); err == nil {
			t.Errorf("%q: no error, but %+v", line, it)
		}
	}
}

func TestParseItemAllocatesNothing(t *testing.T) {
	const text = "key=session%2520%0A exp=1795282237 la=1795281740 cas=2 fetch=no cls=1 size=64"
	line := make([]byte, len(text))
	if n := testing.AllocsPerRun(1000, func() {
		copy(line, text)
		if it, err := parseItem(line); err != nil || it.Expires != 1795282237 {
			t.Fatal(it, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a line", n)
	}
}

// FuzzParseItem checks that no line is read beyond its end, and that each key is decoded to what was encoded.
func FuzzParseItem(f *testing.F) {
	for _, seed := range []string{
		"key=b%2520 exp=-1 la=1795281740 cas=2 fetch=no cls=1 size=64", "key=%", "key=%4", "key=%zz", "key= ",
		"key=a exp=-", "END", "key=a size==",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if it, err := parseItem(bytes.Clone(line)); err == nil &&
			(len(it.Key) == 0 || len(it.Key) > len(line)-len("key=")) {
			t.Fatalf("%q: %+v", line, it)
		}
		if len(line) == 0 {
			return
		}
		encoded := strings.ReplaceAll(url.QueryEscape(string(line)), "+", "%20")
		it, err := parseItem([]byte("key=" + encoded + " exp=7 size=8"))
		if err != nil || !bytes.Equal(it.Key, line) || it.Expires != 7 || it.Size != 8 {
			t.Fatalf("%q: %+v, %v", line, it, err)
		}
	})
}

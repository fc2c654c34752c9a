package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"path/filepath"
	"reflect"
	"testing"
	"testing/iotest"
)

// TestTorn: a file that is cut anywhere has the contents of its complete records.
func TestTorn(t *testing.T) {
	s := makeSample(t)
	for n := range len(s.data) + 1 {
		said, err := parse(s.data[:n])
		if err != nil || !reflect.DeepEqual(said, s.before(n)) {
			t.Errorf("%d bytes: %v, %s\nwant %s", n, err, describe(said), describe(s.before(n)))
		}
	}
}

// TestFlippedBits: every changed bit makes the file doubtful.
func TestFlippedBits(t *testing.T) {
	s := makeSample(t)
	for at := range s.data {
		for bit := range bits.Len8(255) {
			data := bytes.Clone(s.data)
			data[at] ^= 1 << bit
			if said, err := parse(data); err == nil {
				t.Errorf("byte %d, bit %d: no doubt, %s", at, bit, describe(said))
			}
		}
	}
}

// TestZeros: a killed process does not leave zeros.
func TestZeros(t *testing.T) {
	s := makeSample(t)
	for n := headLen; n < 3*headLen; n++ {
		if _, err := parse(append(bytes.Clone(s.data), make([]byte, n)...)); !errors.Is(err, errHead) {
			t.Errorf("%d zeros: %v", n, err)
		}
	}
	for n := range headerLen {
		if _, err := parse(make([]byte, n+1)); err == nil {
			t.Errorf("nothing but %d zeros: no doubt", n+1)
		}
	}
}

func TestNonsense(t *testing.T) {
	name := string(appendName(nil, alpha))
	named := appendRecord([]byte(header), isServer, 0, 3, name)
	with := func(k kind, server int, body string) []byte {
		return appendRecord(bytes.Clone(named), k, 0, server, body)
	}
	for _, c := range []struct {
		what string
		data []byte
		want error
	}{
		{"good", with(isDirty, 3, "k"), nil},
		{"named again", with(isServer, 3, name), nil},
		{"unknown type", with(isClean+1, 3, ""), errKind},
		{"type 0", with(0, 3, ""), errKind},
		{"number without a name", with(isDirty, 4, "k"), errNumber},
		{"two numbers", with(isServer, 4, name), errRenamed},
		{"two names", with(isServer, 3, string(appendName(nil, beta))), errRenamed},
		{"a name of two parts", with(isServer, 4, "\x01a\x01b"), errShape},
		{"a name of four parts", with(isServer, 4, "\x00\x00\x00\x00"), errShape},
		{"a name that ends early", with(isServer, 4, "\x01a\x01b\x02c"), errShape},
		{"a name of endless length", with(isServer, 4, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01a"), errShape},
		{"all with a key", with(isAll, 3, "k"), errShape},
		{"incomplete with a key", with(isIncomplete, 3, "k"), errShape},
		{"clean with a key", with(isClean, 3, "k"), errShape},
		{"too long", with(isDirty, 3, string(make([]byte, maxBody+1))), errLength},
	} {
		said, err := parse(c.data)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
		if c.want != nil && (err == nil ||
			!bytes.Contains([]byte(err.Error()), fmt.Appendf(nil, "byte %d: ", len(named)))) {
			t.Errorf("%s: %v does not name byte %d", c.what, err, len(named))
		}
		if c.what == "good" && len(said[alpha].Keys) != 1 {
			t.Errorf("%s: %s", c.what, describe(said))
		}
	}
}

// TestReadError: a read error is not the end of the file.
func TestReadError(t *testing.T) {
	s := makeSample(t)
	broken := errors.New("broken")
	for n := range len(s.data) {
		r := newReplay()
		err := r.read(io.MultiReader(bytes.NewReader(s.data[:n]), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// TestDoubtfulFiles: what Open says about files that were changed, and that they stay until Adopted.
func TestDoubtfulFiles(t *testing.T) {
	s := makeSample(t)
	change := func(at int, to byte) []byte {
		data := bytes.Clone(s.data)
		data[at] = to
		return data
	}
	for _, c := range []struct {
		what, says string
		data       []byte
		known      map[Server]*Missed
	}{
		{"another file", "byte 0: this is not a journal", []byte("something else"), map[Server]*Missed{}},
		{"another format", "byte 8: format 2, but this magent reads 1", change(versionAt, 2), map[Server]*Missed{}},
		{"marked", "byte 9: records are missing", change(statusAt, doubtful), s.before(len(s.data))},
		{"marked, empty", "byte 9: records are missing", change(statusAt, doubtful)[:headerLen], map[Server]*Missed{}},
		{
			"changed", fmt.Sprintf("byte %d: a record has a wrong checksum", len(s.data)-headLen-3),
			change(len(s.data)-1, 0), nil,
		},
	} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, currentName), c.data)
		for range 3 { // it is not adopted twice
			j, k := open(t, dir)
			doubt(t, k, c.says, dir, "it is unknown what the servers have missed")
			if c.known != nil && !reflect.DeepEqual(k.Missed, c.known) {
				t.Errorf("%s: %s", c.what, describe(k.Missed))
			}
			die(j)
		}
		j, k := open(t, dir)
		doubt(t, k, "previous.1.journal")
		j.Adopted()
		_, k = reopen(t, j)
		want(t, k, map[Server]*Missed{})
	}
}

func FuzzRead(f *testing.F) {
	s := makeSample(f)
	f.Add(s.data)
	f.Add(s.data[:len(s.data)-1])
	f.Add([]byte{})
	f.Add([]byte(header))
	f.Add(append(bytes.Clone(s.data), make([]byte, 30)...))
	f.Add(appendRecord([]byte(header), isDirty, 1, 2, "no name"))
	f.Add(appendRecord([]byte(header), isServer, 1, 2, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		said, _ := parse(data)
		sealed, _ := parse(seal(data))
		for _, missed := range []map[Server]*Missed{said, sealed} {
			size := 0
			for server, m := range missed {
				size += len(server.Pool) + len(server.Role) + len(server.Address) + len(m.Identity)
				for _, key := range m.Keys {
					size += len(key)
				}
			}
			if size > len(data) {
				t.Errorf("%d bytes known from %d", size, len(data))
			}
		}
	})
}

// seal corrects the checksums of records. Without that the fuzzer would not get past them.
func seal(data []byte) []byte {
	var sealed []byte
	sealed = append(sealed, data[:min(headerLen, len(data))]...)
	for rest := data[len(sealed):]; len(rest) >= headLen; {
		length := min(int(rest[8])|int(rest[9])<<8, len(rest)-headLen)
		loop, server := int(rest[12]), int(rest[16])
		sealed = appendRecord(sealed, kind(rest[20]), loop, server, rest[headLen:headLen+length])
		rest = rest[headLen+length:]
	}
	return sealed
}

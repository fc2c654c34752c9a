package underway

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Key is a key that had a mutation, or a repair, under way.
type Key struct {
	Lead   string // the name of the server whose word counted; empty: not known
	Key    string
	Repair bool
}

// Flush is a flush_all that was under way.
type Flush struct {
	Server string // the name of a server of that pool
	Line   string // the command line
}

// Found is what a process has left.
type Found struct {
	Keys    []Key
	Flushes []Flush
	Conns   map[string][]string // addresses of connections, by the names of servers

	Overflow bool // more was under way than there was room for
	Unlisted bool // there were connections without an address here
}

var errForm = errors.New("it has another form")

// maxSize bounds the size of a memory, in bytes: that of 1000 loops.
const maxSize = headSize + 1000*tableSize

// Read reads what a process has left that has ended.
func Read(path string) (*Found, error) {
	if !ours(path) {
		return nil, fmt.Errorf("%q is no memory of a magent", path)
	}
	data, err := load(path)
	if err == nil && (len(data) < headSize || string(data[:len(magic)]) != magic || get(data, versionAt) != version ||
		len(data) != headSize+int(get(data, loopsAt))*tableSize) {
		err = errForm
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, reason(err))
	}
	return parse(data)
}

// load reads a regular file that nobody else can have put there. Most of it is holes.
func load(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return nil, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size > maxSize || os.Geteuid() != 0 && int(st.Uid) != os.Geteuid() {
		return nil, errForm
	}
	data := make([]byte, st.Size)
	for at := int64(0); ; {
		from, err := f.Seek(at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
		if at, err = f.Seek(from, unix.SEEK_HOLE); err == nil {
			_, err = f.ReadAt(data[from:min(at, st.Size)], from)
		}
		if err != nil {
			return nil, err
		}
	}
}

func parse(data []byte) (*Found, error) {
	names, err := parseNames(data)
	if err != nil {
		return nil, err
	}
	f := &Found{Conns: map[string][]string{}, Unlisted: get(data, unnamedAt) != 0}
	f.conns(names, data[pastAt:headSize])
	for at := headSize; at < len(data); at += tableSize {
		t := data[at : at+tableSize]
		f.Overflow = f.Overflow || get(t, overflowAt) != 0
		f.Unlisted = f.Unlisted || get(t, unlistedAt) != 0
		f.conns(names, t[connsAt:smallAt])
		f.slots(names, t[smallAt:largeAt], smallSize)
		f.slots(names, t[largeAt:], largeSize)
	}
	return f, nil
}

func parseNames(data []byte) (map[uint32]string, error) {
	names := map[uint32]string{}
	length := int(get(data, namesLenAt))
	if length > pastAt-namesAt {
		return nil, errForm
	}
	for rest := data[namesAt : namesAt+length]; len(rest) > 0; {
		if len(rest) < bodyAt || int(get(rest, 4)) > len(rest)-bodyAt {
			return nil, errForm
		}
		end := bodyAt + int(get(rest, 4))
		names[get(rest, 0)] = string(rest[bodyAt:end])
		rest = rest[end:]
	}
	return names, nil
}

func (f *Found) conns(names map[uint32]string, places []byte) {
	for ; len(places) > 0; places = places[connSize:] {
		n := int(get(places, 0))
		if n == 0 || n > connSize-bodyAt {
			continue
		}
		name := names[get(places, 4)]
		f.Conns[name] = append(f.Conns[name], string(places[bodyAt:bodyAt+n]))
	}
}

func (f *Found) slots(names map[uint32]string, slots []byte, size int) {
	for ; len(slots) > 0; slots = slots[size:] {
		w := get(slots, 0)
		n := int(w >> 8)
		if w == 0 || n > size-bodyAt {
			continue
		}
		name, body := names[get(slots, 4)], string(slots[bodyAt:bodyAt+n])
		switch kind(w) {
		case isKey, isRepair:
			f.Keys = append(f.Keys, Key{Lead: name, Key: body, Repair: kind(w) == isRepair})
		case isFlush:
			f.Flushes = append(f.Flushes, Flush{Server: name, Line: body})
		}
	}
}

// Add adds what another process has left, one before this one.
func (f *Found) Add(o *Found) {
	f.Keys, f.Flushes = append(f.Keys, o.Keys...), append(f.Flushes, o.Flushes...)
	for name, addresses := range o.Conns {
		f.Conns[name] = append(f.Conns[name], addresses...)
	}
	f.Overflow, f.Unlisted = f.Overflow || o.Overflow, f.Unlisted || o.Unlisted
}

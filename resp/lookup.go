package resp

import (
	"encoding/binary"
	"iter"
	"slices"
)

// table is the list of all commands.
var table = slices.Concat(
	commandsOfStrings, commandsOfCollections, commandsOfStreams, commandsOfKeyspace, commandsOfModules,
	commandsOfServer)

// names indexes table by name.
var names = makeNames(table)

const (
	longestName = 24
	hashBits    = 11 // there are several times more slots than commands
)

// folded is a name in lower case: its length, and its bytes in words, padded with zeros.
type folded struct {
	n int
	w [longestName / 8]uint64
}

// nameTable is a hash table with open addressing. A slot holds 1 plus the index of its name in keys, or 0 if it is
// free. keys has the order of table.
type nameTable struct {
	slots [1 << hashBits]uint16
	keys  []folded
}

func makeNames(commands []Command) *nameTable {
	t := &nameTable{keys: make([]folded, len(commands))}
	for i := range commands {
		name := fold([]byte(commands[i].Name))
		t.keys[i] = name
		at := name.hash()
		for t.slots[at%(1<<hashBits)] != 0 {
			at++
		}
		t.slots[at%(1<<hashBits)] = uint16(i + 1)
	}
	return t
}

// Lookup returns the command with this name, in upper or lower case, or nil if there is none.
func Lookup(name []byte) *Command {
	if len(name) > longestName {
		return nil
	}
	key := fold(name)
	for at := key.hash(); ; at++ {
		i := int(names.slots[at%(1<<hashBits)]) - 1
		if i < 0 {
			return nil
		}
		if names.keys[i] == key {
			return &table[i]
		}
	}
}

func fold(name []byte) (f folded) {
	f.n = len(name)
	for i := 0; len(name) > 8; i++ {
		f.w[i] = lower(binary.LittleEndian.Uint64(name))
		name = name[8:]
	}
	f.w[(f.n-len(name))/8] = lower(word(name))
	return f
}

// word loads up to 8 bytes. Overlapping loads are faster than a loop or a copy into a zeroed array.
func word(b []byte) uint64 {
	n := len(b)
	switch {
	case n == 8:
		return binary.LittleEndian.Uint64(b)
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<(n*8-32)
	case n > 0:
		return uint64(b[0]) | uint64(b[n/2])<<(n/2*8) | uint64(b[n-1])<<(n*8-8)
	}
	return 0
}

func (f *folded) hash() uint64 {
	return (f.w[0] + f.w[1]*31 + f.w[2]*961) * 0x9e3779b97f4a7c15 >> (64 - hashBits)
}

// lower converts the ASCII letters among 8 bytes to lower case. Bytes from 0x80 on stay above 0x7f; no name contains
// any.
func lower(w uint64) uint64 {
	const each = 0x0101010101010101 // a byte multiplied by it is repeated 8 times
	low := w &^ (each * 0x80)       // the sum of two such bytes does not overflow
	fromA := low + each*(0x80-'A')
	aboveZ := low + each*(0x7f-'Z')
	upper := (fromA ^ aboveZ) & (each * 0x80)
	return w | upper>>2
}

// equalFold reports whether b is name, apart from case. name has to be in lower case.
func equalFold(b []byte, name string) bool {
	if len(b) != len(name) {
		return false
	}
	for i := range len(name) {
		c := b[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != name[i] {
			return false
		}
	}
	return true
}

// Commands returns an iterator over all commands, in no particular order.
func Commands() iter.Seq[*Command] {
	return func(yield func(*Command) bool) {
		for i := range table {
			if !yield(&table[i]) {
				return
			}
		}
	}
}

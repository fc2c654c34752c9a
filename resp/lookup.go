package resp

import (
	"encoding/binary"
	"slices"
)

// table has all commands.
var table = slices.Concat(commandsOfStrings, commandsOfCollections, commandsOfStreams, commandsOfKeyspace, commandsOfModules, commandsOfServer)

// names is the table by name.
var names = makeNames(table)

const (
	longestName = 24
	hashBits    = 11 // several times more slots than there are commands
)

// folded is a name in lower case: its length, and its bytes in words, zeros behind them.
type folded struct {
	n int
	w [longestName / 8]uint64
}

// nameTable is an open hash table. At the hash of a name, or behind it, stands 1 + its index in keys, which has the order
// of table; 0 ends the search.
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

// Lookup returns the command with this name, in upper or lower case, or nil.
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

// word loads up to 8 bytes. Loads that overlap are faster than a loop, or a copy to a place where there are zeros behind.
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

// lower puts the letters among 8 bytes into lower case. What it does to bytes from 0x80 on is of no concern: they stay there,
// and no name has any.
func lower(w uint64) uint64 {
	const each = 0x0101010101010101 // times a byte: that byte, 8 times
	low := w &^ (each * 0x80)       // sums of two such bytes do not run over
	fromA := low + each*(0x80-'A')
	aboveZ := low + each*(0x7f-'Z')
	upper := (fromA ^ aboveZ) & (each * 0x80)
	return w | upper>>2
}

// equalFold reports whether b is the name, which is in lower case. Only letters have a case.
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

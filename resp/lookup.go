package resp

import "slices"

// table has all commands.
var table = slices.Concat(commandsOfStrings, commandsOfCollections, commandsOfStreams, commandsOfKeyspace, commandsOfModules, commandsOfServer)

const (
	longestName = 32
	hashSlots   = 2048 // a power of two, and several times the number of commands
)

// slots is an open hash table: at hashOf of a name, or behind it, stands 1 + its index in table; 0 ends the search.
var slots = makeSlots(table)

func makeSlots(commands []Command) *[hashSlots]uint16 {
	slots := new([hashSlots]uint16)
	for i := range commands {
		at := hashOf([]byte(commands[i].Name))
		for slots[at%hashSlots] != 0 {
			at++
		}
		slots[at%hashSlots] = uint16(i + 1)
	}
	return slots
}

// Lookup returns the command with this name, in upper or lower case, or nil.
func Lookup(name []byte) *Command {
	if len(name) > longestName {
		return nil
	}
	for at := hashOf(name); ; at++ {
		i := slots[at%hashSlots]
		if i == 0 {
			return nil
		}
		if c := &table[i-1]; equalFold(name, c.Name) {
			return c
		}
	}
}

// hashOf takes letters of both cases for the same.
func hashOf(name []byte) uint32 {
	h := uint32(len(name))
	for _, c := range name {
		h = h*31 + uint32(c|0x20)
	}
	return h ^ h>>11
}

// equalFold reports whether b is the name, which is in lower case. Only letters have a case.
func equalFold[T string | []byte](b T, name string) bool {
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

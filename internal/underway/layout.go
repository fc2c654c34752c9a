package underway

import "encoding/binary"

const (
	magic   = "MAGENTU\n"
	version = 1
)

// The head.
const (
	versionAt  = 8
	loopsAt    = 12
	namesLenAt = 16
	unnamedAt  = 20 // 1: a server has no name here
	namesAt    = 64
	pastAt     = 64 << 10 // connections of earlier processes
	pasts      = 1 << 10
	headSize   = pastAt + pasts*connSize
)

// A table, by its beginning. Whatever stands here it begins and ends with a page.
const (
	overflowAt = 0 // how many keys found no slot
	unlistedAt = 4 // 1: a connection found no place
	connsAt    = 64
	connSize   = 64  // a word with the length, the number of the server, the address
	servers    = 256 // that have places for connections, by their numbers
	lives      = 4   // connections of a server that are remembered: the last one and those before it
	smallAt    = page + servers*lives*connSize
	smallSize  = 64
	smalls     = 16 << 10
	largeAt    = smallAt + smalls*smallSize
	largeSize  = 512
	larges     = 4 << 10
	tableSize  = largeAt + larges*largeSize
)

const (
	page  = 4 << 10
	chunk = 4 * page // is reserved when slots run out
)

const bodyAt = 8 // in a slot, and in a place for a connection: behind the two words

// kind is what a slot is about.
type kind byte

const (
	isKey    kind = 1 + iota // a mutation of a key
	isRepair                 // a repair of a key
	isFlush                  // flush_all: the body is its command line
)

// word is the first word of a slot.
func word(k kind, length int) uint32 { return uint32(length)<<8 | uint32(k) }

func put(b []byte, at int, n uint32) { binary.LittleEndian.PutUint32(b[at:], n) }

func get(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }

package ring

import (
	"encoding/binary"
	"math"
)

// md5Block is the longest key in bytes that MD5 hashes as one block.
const md5Block = 55

// md5Rows are the initial words a, b, c and d of MD5 (RFC 1321, 3.3), and the 64 constants of its steps (3.4). Each is
// there four times.
var md5Rows = func() (rows [68][4]uint32) {
	initial := [4]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}
	for i := range rows {
		v := initial[i&3]
		if step := i - len(initial); step >= 0 {
			v = uint32(math.Abs(math.Sin(float64(step+1))) * (1 << 32))
		}
		rows[i] = [4]uint32{v, v, v, v}
	}
	return rows
}()

// fourMD5 returns md5Four.
func fourMD5() HashFour { return md5Four }

// md5Four is md5Hash for four keys. One digest is a chain of steps that wait for each other; four take hardly longer
// beside each other, in the lanes of SSE2 registers.
func md5Four(keys [4][]byte) (hashes [4]uint32) {
	var blocks [16][4]uint32 // word by word, those of the four keys
	for lane, key := range keys {
		if len(key) == 0 || len(key) > md5Block {
			return inTurn(md5Hash, keys)
		}
		pad(&blocks, lane, key)
	}
	md5Lanes(&hashes, &blocks, &md5Rows)
	return hashes
}

// pad writes a key as the one block of a message (RFC 1321, 3.1 and 3.2).
func pad(blocks *[16][4]uint32, lane int, key []byte) {
	blocks[14][lane] = uint32(len(key)) * 8
	word := 0
	for ; len(key) >= 4; key = key[4:] {
		blocks[word&15][lane] = binary.LittleEndian.Uint32(key)
		word++
	}
	last := uint32(0x80)
	for i := len(key) - 1; i >= 0; i-- {
		last = last<<8 | uint32(key[i])
	}
	blocks[word&15][lane] = last
}

// inTurn hashes one key after the other.
func inTurn(hash HashFunc, keys [4][]byte) (hashes [4]uint32) {
	for i, key := range keys {
		hashes[i] = hash(key)
	}
	return hashes
}

// md5Lanes sets sums to the first words of four MD5 digests. rows is &md5Rows.
//
//go:noescape
func md5Lanes(sums *[4]uint32, blocks *[16][4]uint32, rows *[68][4]uint32)

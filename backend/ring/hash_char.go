package ring

// extend widens one byte of a key as C does if char is signed: 0x80 becomes 0xffffff80. Half of twemproxy's functions
// read keys through a plain char, so keys with such bytes get other hashes than in the textbook.
func extend(c byte) uint32 {
	return uint32(int32(int8(c)))
}

package ring

import "hash/crc32"

// crc16Table is the table of the CCITT polynomial x^16 + x^12 + x^5 + 1, most significant bit first.
var crc16Table = makeCRC16Table(0x1021)

// makeCRC16Table returns, for each byte, the remainder of that byte followed by 16 zero bits.
func makeCRC16Table(polynomial uint16) *[256]uint32 {
	table := new([256]uint32)
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			crc <<= 1
			if carry {
				crc ^= polynomial
			}
		}
		table[i] = uint32(crc)
	}
	return table
}

// crc16 is twemproxy's crc16: the CCITT recurrence started from 0, but with a state of 32 bits that is never cut to
// 16. So the high half holds the bits that a true CRC-16 shifts out.
func crc16(key []byte) uint32 {
	crc := uint32(0)
	for _, c := range key {
		crc = crc<<8 ^ crc16Table[byte(crc>>8)^c]
	}
	return crc
}

// crc32Short is twemproxy's crc32, which is libmemcached's CRC: 15 bits from the middle of the IEEE CRC-32. On a
// ketama ring all of its values lie below the first points, so nearly every key goes to one server.
func crc32Short(key []byte) uint32 {
	return crc32.ChecksumIEEE(key) >> 16 & 0x7fff
}

// crc32Full is twemproxy's crc32a: the IEEE CRC-32.
func crc32Full(key []byte) uint32 {
	return crc32.ChecksumIEEE(key)
}

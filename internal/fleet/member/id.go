package member

import (
	"crypto/rand"
	"encoding/binary"
)

// NewID gives random numbers for core.Config, from 1 to 2^63 - 1.
func NewID() uint64 {
	var b [8]byte
	for {
		_, _ = rand.Read(b[:]) // it never fails
		if id := binary.BigEndian.Uint64(b[:]) >> 1; id > 0 {
			return id
		}
	}
}

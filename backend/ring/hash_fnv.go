package ring

// The FNV functions of Fowler, Noll and Vo. Two quirks of twemproxy: bytes are sign-extended before they are mixed in,
// and the 64-bit forms keep only the low 32 bits of start value, prime and state. hash/fnv agrees with neither.
const (
	fnvStart64 uint32 = 0x84222325 // low half of 0xcbf29ce484222325
	fnvPrime64 uint32 = 0x000001b3 // low half of 0x100000001b3
	fnvStart32 uint32 = 2166136261
	fnvPrime32 uint32 = 16777619
)

// fnv1x64 is twemproxy's fnv1_64.
func fnv1x64(key []byte) uint32 {
	return fnv1(key, fnvStart64, fnvPrime64)
}

// fnv1ax64 is twemproxy's fnv1a_64, its default.
func fnv1ax64(key []byte) uint32 {
	return fnv1a(key, fnvStart64, fnvPrime64)
}

// fnv1x32 is twemproxy's fnv1_32.
func fnv1x32(key []byte) uint32 {
	return fnv1(key, fnvStart32, fnvPrime32)
}

// fnv1ax32 is twemproxy's fnv1a_32.
func fnv1ax32(key []byte) uint32 {
	return fnv1a(key, fnvStart32, fnvPrime32)
}

// fnv1 multiplies, then mixes the byte in.
func fnv1(key []byte, h, prime uint32) uint32 {
	if len(key) == 0 {
		return 0
	}
	for _, c := range key {
		h = h*prime ^ extend(c)
	}
	return h
}

// fnv1a mixes the byte in, then multiplies.
func fnv1a(key []byte, h, prime uint32) uint32 {
	if len(key) == 0 {
		return 0
	}
	for _, c := range key {
		h = (h ^ extend(c)) * prime
	}
	return h
}

package ascii

import "encoding/binary"

// cutWord returns the first word of s and what follows it. The word is empty if there is none. Only spaces separate
// words. Most words are short, so a loop over the bytes is faster than bytes.IndexByte.
func cutWord(s []byte) (word, rest []byte) {
	i := 0
	for i < len(s) && s[i] == ' ' {
		i++
	}
	j := i
	for j < len(s) && s[j] != ' ' {
		j++
	}
	return s[i:j:j], s[j:]
}

// splitWords fills w with the first words of s. It returns the number of words in s, but at most len(w)+1.
func splitWords(s []byte, w [][]byte) int {
	n := 0
	for {
		var word []byte
		word, s = cutWord(s)
		if len(word) == 0 {
			return n
		}
		if n == len(w) {
			return n + 1
		}
		w[n] = word
		n++
	}
}

func countWords(s []byte) int {
	n := 0
	for word, rest := cutWord(s); len(word) > 0; word, rest = cutWord(rest) {
		n++
	}
	return n
}

// wordAt returns the i-th word of s. It is empty if there is none.
func wordAt(s []byte, i int) (word []byte) {
	if i < 0 {
		return nil
	}
	for ; i >= 0; i-- {
		word, s = cutWord(s)
	}
	return word
}

// trimSpaces returns s without the spaces at its ends.
func trimSpaces(s []byte) []byte {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return s[:len(s):len(s)]
}

// hasControl reports whether s contains a byte below 0x20 or a 0x7f.
func hasControl(s []byte) bool {
	if len(s) < 8 {
		for _, c := range s {
			if c < 0x20 || c == 0x7f {
				return true
			}
		}
		return false
	}
	last := s[len(s)-8:]
	for ; len(s) > 8; s = s[8:] {
		if hasControl8(s) {
			return true
		}
	}
	return hasControl8(last)
}

// hasControl8 is hasControl for the first eight bytes of s. In (x-m)&^x&highBits a bit is set if and only if a
// byte of x is smaller than the bytes of m, which are all equal and at most 0x80. A table lookup for each byte
// takes four times as long.
func hasControl8(s []byte) bool {
	const (
		highBits = 0x8080808080808080
		spaces   = 0x2020202020202020
		ones     = 0x0101010101010101
		deletes  = 0x7f7f7f7f7f7f7f7f
	)
	x := binary.LittleEndian.Uint64(s)
	y := x ^ deletes // turns 0x7f into 0
	return ((x-spaces)&^x|(y-ones)&^y)&highBits != 0
}

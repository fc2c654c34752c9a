package ascii

// What follows a storage command that is refused is its value, and a value may hold anything: it must not be executed. memcached
// does execute it, where it has found the line wanting before it came to the length.

// refuseValue ends the parsing of a storage command, or of what seems to be meant as one. Where the line tells the length
// of the value, that is thrown away. Where it does not, nobody knows where the next command begins.
func (r *Request) refuseValue(op Op, args, reply []byte) Status {
	st := r.refuse(reply)
	length := told(op, args, false)
	if length < 0 {
		return Fatal
	}
	r.Skip = r.skip(length)
	return st
}

// skip is a value of so many bytes behind the command line.
func (r *Request) skip(length int) Skip {
	return Skip{Bytes: length, Line: true, LF: len(r.Head) < 2 || r.Head[len(r.Head)-2] != '\r'}
}

// told returns the length of the value that a refused storage line announces, or -1 when there is none, or when there may
// be two: a key with spaces in it moves the numbers. strict: the line has to have all the numbers of a storage command.
func told(op Op, args []byte, strict bool) int {
	if op == OpMetaSet {
		return toldMeta(args)
	}
	n := countWords(args)
	last := n - 1 // index of the length, seen from the end
	if n > 0 && isNoreply(wordAt(args, n-1)) {
		last--
	}
	if op == OpCAS {
		last--
	}
	const usual = 3
	fromStart, fromEnd := toldAt(args, usual), -1
	if last > usual {
		fromEnd = toldAt(args, last)
	}
	switch {
	case fromStart >= 0 && fromEnd >= 0:
		return -1
	case fromStart >= 0:
		return fromStart
	case fromEnd >= 0:
		return fromEnd
	case last == usual && !strict: // flags or exptime are wrong
		return lengthOf(wordAt(args, usual))
	}
	return -1
}

// toldAt returns the length that the i-th word is, if the two before it are numbers, too; else -1.
func toldAt(args []byte, i int) int {
	for _, word := range [2][]byte{wordAt(args, i-2), wordAt(args, i-1)} {
		if _, _, _, ok := parseMagnitude(word); !ok {
			return -1
		}
	}
	return lengthOf(wordAt(args, i))
}

// toldMeta is told for ms: key length flags*. A flag that is a number means that the key has spaces in it.
func toldMeta(args []byte) int {
	_, rest := cutWord(args)
	word, flags := cutWord(rest)
	for flag, rest := cutWord(flags); len(flag) > 0; flag, rest = cutWord(rest) {
		if lengthOf(flag) >= 0 {
			return -1
		}
	}
	return lengthOf(word)
}

func lengthOf(word []byte) int {
	if n, _, ok := parseLength(word); ok {
		return n
	}
	return -1
}

// meantAs returns the command that an unknown word is meant to be, or OpNone: one in capital letters, or with other bytes
// than letters around it.
func meantAs(word []byte) Op {
	for len(word) > 0 && !isLetter(word[0]) {
		word = word[1:]
	}
	var lower [len("prepend")]byte
	n := 0
	for n < len(word) && isLetter(word[n]) {
		if n == len(lower) {
			return OpNone
		}
		lower[n] = word[n] | 0x20
		n++
	}
	return opOf(lower[:n])
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

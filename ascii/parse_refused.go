package ascii

// The bytes behind a refused storage command are its value. A value may hold anything, so it must not be executed.
// memcached does execute it if it refuses the line before it has parsed the length.

// refuseValue refuses a storage command, or a line that looks like one. If the line gives the length of the value,
// the value is skipped. Otherwise nobody knows where the next command begins, and the connection is closed.
func (r *Request) refuseValue(op Op, args, reply []byte) Status {
	st := r.refuse(reply)
	length := told(op, args, false)
	if length < 0 {
		return Fatal
	}
	r.Skip = r.skip(length)
	return st
}

// skip returns the Skip for a value of length bytes behind the command line.
func (r *Request) skip(length int) Skip {
	return Skip{Bytes: length, Line: true, LF: len(r.Head) < 2 || r.Head[len(r.Head)-2] != '\r'}
}

// told returns the length of the value that a refused storage line announces. It is -1 if there is none, or
// if two are possible because spaces in a key shift the numbers. With strict, all numbers of a storage
// command have to be there.
func told(op Op, args []byte, strict bool) int {
	if op == OpMetaSet {
		return toldMeta(args)
	}
	n := countWords(args)
	last := n - 1 // index of the length, counted from the end
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

// toldAt returns the length in the i-th word if the two words before it are numbers as well, else -1.
func toldAt(args []byte, i int) int {
	for _, word := range [2][]byte{wordAt(args, i-2), wordAt(args, i-1)} {
		if _, _, _, ok := parseMagnitude(word); !ok {
			return -1
		}
	}
	return lengthOf(wordAt(args, i))
}

// toldMeta is told for ms: key length flags*. If a flag is a number, the key contains spaces.
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

// meantAs returns the command that an unknown word seems to mean, or OpNone. It ignores case, and bytes around the
// word that are not letters.
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

package ascii

// storage parses set, add, replace, append, prepend and cas: key flags exptime bytes [cas] [noreply]. Like memcached
// it accepts other words in place of noreply, but not a number.
func (r *Request) storage(args, buf []byte, maxValue int) Status {
	if r.Op != OpCAS && r.plain && !r.control {
		if length, ok := r.plainStorage(args); ok {
			return r.value(length, buf, maxValue)
		}
	}
	r.plain = false
	var w [6][]byte
	n := splitWords(args, w[:])
	want := 4
	if r.Op == OpCAS {
		want = 5
	}
	if n != want && n != want+1 {
		return r.refuseValue(r.Op, args, replyError)
	}
	r.Quiet = isNoreply(w[n-1])
	if len(w[0]) > maxKey || !r.storageNumbers(w[1:want]) || n > want && ambiguous(w[want]) {
		return r.refuseValue(r.Op, args, replyBadLine)
	}
	length, _, ok := parseLength(w[3])
	if !ok || length > maxLength {
		return r.refuseValue(r.Op, args, replyBadLine)
	}
	r.Key, r.NumKeys = w[0], 1
	return r.value(length, buf, maxValue)
}

// ambiguous reports whether the word in place of noreply is a number. Then the key may have been meant to contain a
// space, and another number to be the length.
func ambiguous(word []byte) bool {
	_, _, ok := parseLength(word)
	return ok
}

// plainStorage parses the form that nearly all storage commands have: single spaces, numbers of 31 bits, no noreply.
// That form is canonical. It takes a third of the time of the general way.
func (r *Request) plainStorage(args []byte) (length int, ok bool) {
	if len(args) < 2 || args[1] == ' ' {
		return 0, false
	}
	key, rest := NextKey(args)
	if len(key) == 0 || len(key) > maxKey {
		return 0, false
	}
	var numbers [3]uint64
	for i := range numbers {
		if len(rest) < 2 || rest[0] != ' ' {
			return 0, false
		}
		v, n := parseDigits(rest[1:])
		if n == 0 || n > 1 && rest[1] == '0' || v > maxLength {
			return 0, false
		}
		numbers[i] = v
		rest = rest[1+n:]
	}
	if len(rest) > 0 {
		return 0, false
	}
	r.Key, r.NumKeys = key, 1
	r.Flags, r.Exptime = uint32(numbers[0]), int64(numbers[1])
	return int(numbers[2]), true
}

// storageNumbers parses the numbers of a storage command other than the length: flags, exptime
// and, for cas, the token.
func (r *Request) storageNumbers(w [][]byte) (ok bool) {
	flags, _, ok := parseFlags(w[0])
	if !ok {
		return false
	}
	exptime, _, ok := parseInt32(w[1])
	if !ok {
		return false
	}
	r.Flags, r.Exptime = flags, int64(exptime)
	if len(w) == 4 {
		r.token, _, r.hasToken = parseUint64(w[3])
		return r.hasToken
	}
	return true
}

// value takes the value behind a valid storage line, or refuses it.
func (r *Request) value(length int, buf []byte, maxValue int) Status {
	r.Skip = r.skip(length)
	switch {
	case r.control:
		return Complete // the caller refuses it
	case length > maxValue:
		r.Oversize = true
		return r.refuse(replyTooLarge)
	}
	head := len(r.Head)
	end := head + length + 2
	if len(buf) < end {
		r.Need = end
		return Incomplete
	}
	if buf[end-2] != '\r' || buf[end-1] != '\n' {
		r.Raw = buf[: end-2 : end-2]
		r.Skip.Bytes = 0
		return r.refuse(replyBadChunk)
	}
	r.Skip = Skip{}
	r.Body = buf[head:end:end]
	r.Raw = buf[:end:end]
	return Complete
}

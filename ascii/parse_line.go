package ascii

// Classic commands without a value. A wrong number of words is answered with ERROR, even with noreply. Every other
// error is suppressed by noreply, which has to be the last word.

// delete parses key [0] [noreply]. The 0 is a remnant of a delay that memcached once supported.
func (r *Request) delete(args []byte) Status {
	var w [3][]byte
	n := splitWords(args, w[:])
	if n == 0 || n > 3 {
		return r.refuse(replyError)
	}
	if n > 1 {
		r.Quiet = isNoreply(w[n-1])
		zero := string(w[1]) == "0"
		if n == 2 && !zero && !r.Quiet || n == 3 && !(zero && r.Quiet) {
			return r.refuse(replyBadDelete)
		}
	}
	r.plainIf(n == 1, len("delete ")+len(w[0]))
	return r.oneKey(w[0])
}

// arithmetic parses incr and decr: key delta [noreply].
func (r *Request) arithmetic(args []byte) Status {
	var w [3][]byte
	n := splitWords(args, w[:])
	if n != 2 && n != 3 {
		return r.refuse(replyError)
	}
	r.Quiet = isNoreply(w[n-1])
	if st := r.oneKey(w[0]); st != Complete {
		return st
	}
	delta, plain, ok := parseUint64(w[1])
	if !ok {
		return r.refuse(replyBadDelta)
	}
	r.Delta = delta
	r.plainIf(n == 2 && plain, len("incr ")+len(w[0])+len(" ")+len(w[1]))
	return Complete
}

// touch parses key exptime [noreply].
func (r *Request) touch(args []byte) Status {
	var w [3][]byte
	n := splitWords(args, w[:])
	if n != 2 && n != 3 {
		return r.refuse(replyError)
	}
	r.Quiet = isNoreply(w[n-1])
	if st := r.oneKey(w[0]); st != Complete {
		return st
	}
	r.plainIf(n == 2, len("touch ")+len(w[0])+len(" ")+len(w[1]))
	return r.exptime(w[1])
}

// flushAll parses [delay] [noreply].
func (r *Request) flushAll(args []byte) Status {
	var w [2][]byte
	n := splitWords(args, w[:])
	if n > 2 {
		return r.refuse(replyError)
	}
	if n == 0 {
		r.plainIf(true, len("flush_all"))
		return Complete
	}
	r.plain = false
	r.Quiet = isNoreply(w[n-1])
	if n == 1 && r.Quiet {
		return Complete
	}
	return r.exptime(w[0])
}

// verbosity parses level [noreply].
func (r *Request) verbosity(args []byte) Status {
	var w [2][]byte
	n := splitWords(args, w[:])
	if n != 1 && n != 2 {
		return r.refuse(replyError)
	}
	r.plain = false
	r.Quiet = isNoreply(w[n-1])
	if _, _, ok := parseUint64(w[0]); !ok {
		return r.refuse(replyBadLine)
	}
	r.Args = trimSpaces(args)
	return Complete
}

func (r *Request) oneKey(key []byte) Status {
	if len(key) > maxKey {
		return r.refuse(replyBadLine)
	}
	r.Key, r.NumKeys = key, 1
	return Complete
}

func (r *Request) exptime(word []byte) Status {
	v, plain, ok := parseInt32(word)
	if !ok {
		return r.refuse(replyBadExptime)
	}
	r.Exptime = int64(v)
	r.plain = r.plain && plain
	return Complete
}

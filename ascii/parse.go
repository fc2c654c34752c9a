package ascii

import "bytes"

// Next parses the request at the start of buf into r. It keeps no state: after Incomplete, call it again when buf has
// grown. n is the number of bytes consumed after Complete and Refused, else 0.
func Next(buf []byte, lim Limits, r *Request) (n int, st Status) {
	r.reset()
	if len(buf) == 0 {
		return 0, Incomplete
	}
	if buf[0] == binaryMagic {
		return 0, Fatal
	}
	nl := bytes.IndexByte(buf[:min(len(buf), lim.MaxLine)], '\n')
	if nl < 0 {
		if len(buf) < lim.MaxLine {
			return 0, Incomplete
		}
		return r.tooLong(buf[:lim.MaxLine])
	}
	r.Head = buf[: nl+1 : nl+1]
	r.Raw = r.Head
	switch st = r.line(buf, lim.MaxValue); st {
	case Complete, Refused:
		return len(r.Raw), st
	default:
		return 0, st
	}
}

// tooLong refuses a line of which only the beginning is there. No value follows a retrieval, so the rest of its line
// is skipped. Behind anything else nobody knows where the next command begins.
func (r *Request) tooLong(beginning []byte) (n int, st Status) {
	r.Reply = replyLineTooLong
	if word, _ := cutWord(beginning); !opOf(word).isRetrieval() {
		return 0, Fatal
	}
	r.Skip = Skip{Line: true, LF: true}
	return len(beginning), Refused
}

// line parses the command line r.Head, and the value that follows it in buf.
func (r *Request) line(buf []byte, maxValue int) Status {
	line := withoutEnd(r.Head)
	r.plain = len(r.Head) == len(line)+2 && len(line) > 0 && line[0] != ' '
	r.control = hasControl(line)
	word, args := cutWord(line)
	r.Op = opOf(word)
	if len(r.Head) > maxPlainLine && !r.Op.isRetrieval() {
		r.Reply = replyLineTooLong
		return Fatal
	}
	st := r.command(word, args, buf, maxValue)
	if r.control {
		st = r.refuseControl(st)
	}
	return st
}

// command parses the rest of the request behind the command word.
func (r *Request) command(word, args, buf []byte, maxValue int) Status {
	switch r.Op {
	case OpGet, OpGets:
		return r.get(args)
	case OpGat, OpGats:
		return r.gat(args)
	case OpSet, OpAdd, OpReplace, OpAppend, OpPrepend, OpCAS:
		return r.storage(args, buf, maxValue)
	case OpDelete:
		return r.delete(args)
	case OpIncr, OpDecr:
		return r.arithmetic(args)
	case OpTouch:
		return r.touch(args)
	case OpFlushAll:
		return r.flushAll(args)
	case OpVerbosity:
		return r.verbosity(args)
	case OpStats:
		r.plain = false
		r.Args = trimSpaces(args)
		return Complete
	case OpVersion, OpQuit, OpMetaNoop:
		r.plainIf(true, len(word))
		return Complete
	case OpMetaGet, OpMetaDelete, OpMetaArith:
		return r.meta(args)
	case OpMetaSet:
		return r.metaSet(args, buf, maxValue)
	case OpMetaDebug:
		return r.metaDebug(args)
	default:
		return r.unknown(word, args)
	}
}

// unknown refuses an unknown command. Like memcached it closes the connection on HTTP, so that a web page cannot make
// a browser talk to a cache.
func (r *Request) unknown(word, args []byte) Status {
	last := word
	if trimmed := trimSpaces(args); len(trimmed) > 0 {
		last = trimmed[bytes.LastIndexByte(trimmed, ' ')+1:]
	}
	if len(word) > 1 && bytes.HasPrefix(last, []byte("HTTP/")) {
		return Fatal
	}
	switch op := meantAs(word); {
	case op.isStorage():
		return r.refuseValue(op, args, replyError)
	case op == OpNone && told(OpSet, args, true) >= 0: // whatever it is, a value follows it
		return r.refuseValue(OpSet, args, replyError)
	}
	return r.refuse(replyError)
}

// refuseControl refuses a line with control bytes. st is the result of parsing it as if they were allowed.
func (r *Request) refuseControl(st Status) Status {
	r.Key, r.Keys, r.NumKeys, r.Args = nil, nil, 0, nil
	r.plain = false
	if st != Complete {
		return st
	}
	if r.Op.isMeta() {
		r.Quiet = false
	}
	return r.refuse(replyBadLine)
}

package ascii

// form is the kind of argument that a flag of a meta command takes.
type form uint8

const (
	formUnknown form = iota
	formNone         // nothing
	formTime         // a time to live: a signed 32-bit number
	formNumber       // a 64-bit number
	formFlags        // client flags
	formMode         // one letter
	formOpaque       // up to maxOpaque bytes, or nothing
	formHint         // anything; memcached ignores it
)

// maxOpaque is how many bytes memcached accepts behind the O flag.
const maxOpaque = 31

// Sets of commands, for metaForms.
const (
	onGet = 1 << iota
	onSet
	onDelete
	onArith
	onAll = onGet | onSet | onDelete | onArith
)

// metaForms lists the flags of the meta commands, from memcached's doc/protocol.txt.
var metaForms = [128]struct {
	on   uint8
	form form
}{
	'b': {onAll, formNone},
	'c': {onGet | onSet | onArith, formNone},
	'f': {onGet, formNone},
	'h': {onGet, formNone},
	'k': {onAll, formNone},
	'l': {onGet, formNone},
	'q': {onAll, formNone},
	's': {onGet | onSet, formNone},
	't': {onGet | onArith, formNone},
	'u': {onGet, formNone},
	'v': {onGet | onArith, formNone},
	'x': {onDelete, formNone},
	'C': {onAll, formNumber},
	'D': {onArith, formNumber},
	'E': {onAll, formNumber}, // in ms only since memcached 1.6.27: ShapeTokenMeta
	'F': {onSet, formFlags},
	'I': {onSet | onDelete, formNone},
	'J': {onArith, formNumber},
	'L': {onAll, formHint},
	'M': {onSet | onArith, formMode},
	'N': {onGet | onSet | onArith, formTime},
	'O': {onAll, formOpaque},
	'P': {onAll, formHint},
	'R': {onGet, formTime},
	'T': {onAll, formTime},
}

// A line with one of the flags in notPlain is written anew: q and hints are left out, and a base64 key
// gets its canonical spelling.
const notPlain MetaFlags = 1<<('b'-'a'+26) | 1<<('q'-'a'+26) | 1<<('L'-'A') | 1<<('P'-'A')

// formOf returns the form of a flag's argument in a command.
func formOf(op Op, letter byte) form {
	if f := metaForms[letter&0x7f]; letter < 0x80 && f.on>>op.metaIndex()&1 != 0 {
		return f.form
	}
	return formUnknown
}

// metaIndex returns the number of the bit for mg, ms, md or ma in metaForms.
func (op Op) metaIndex() uint8 { return uint8(op - OpMetaGet) }

// flag checks the argument of a flag. It returns the error line, or nil.
func (r *Request) flag(letter byte, arg []byte) (bad []byte) {
	ok, plain := true, true
	bad = replyBadToken
	switch formOf(r.Op, letter) {
	case formUnknown:
		ok, bad = false, replyBadFlag
	case formNone:
		ok = len(arg) == 0
	case formTime:
		_, plain, ok = parseInt32(arg)
	case formNumber:
		var v uint64
		v, plain, ok = parseUint64(arg)
		if letter == 'C' {
			r.token, r.hasToken = v, ok
		}
	case formFlags:
		_, plain, ok = parseFlags(arg)
		bad = replyBadLine
	case formMode:
		return r.mode(arg)
	case formOpaque:
		if len(arg) > maxOpaque {
			return replyLongOpaque
		}
	}
	if !ok {
		return r.metaError(bad)
	}
	r.plain = r.plain && plain
	return nil
}

// mode checks the argument of the M flag. It returns the error line, or nil.
func (r *Request) mode(arg []byte) (bad []byte) {
	switch {
	case len(arg) != 1:
		return r.metaError(replyModeLength)
	case r.Op == OpMetaSet:
		switch arg[0] {
		case 'E', 'A', 'P', 'R', 'S':
			return nil
		}
		return replyBadModeOfMS
	}
	switch arg[0] {
	case 'I', 'D', '+', '-':
		return nil
	}
	return replyBadModeOfMA
}

// metaError returns the error line that memcached has for an error in the flags. md and ma have
// one line for all errors.
func (r *Request) metaError(reply []byte) []byte {
	if r.Op == OpMetaDelete || r.Op == OpMetaArith {
		return replyBadOrDupFlag
	}
	return reply
}

package binary

import (
	"encoding/base64"
	"math"
	"strconv"

	"magent/ascii"
)

// AppendText appends r as a request of the text protocol, with its value. It must not be called for a Quit, nor for a
// request that Authenticates: these have no text. meta says that the servers have the meta commands. Without them some
// requests have no equivalent: then the meta command is appended all the same, and refused by the engine. Otherwise
// the reply to the classic command lacks the token.
func (r *Request) AppendText(dst []byte, meta bool) []byte {
	switch r.Op {
	case Noop:
		return append(dst, "mn\r\n"...)
	case Version:
		return append(dst, "version\r\n"...)
	case Verbosity:
		return append(dst, "verbosity 1\r\n"...)
	case Stat:
		return appendWords(dst, "stats", r.Key)
	case Flush:
		dst = append(dst, "flush_all"...)
		if r.Exptime > 0 {
			dst = append(dst, ' ')
			dst = appendTime(dst, r.Exptime)
		}
		return append(dst, "\r\n"...)
	}
	plain := ascii.TextKey(r.Key)
	if plain {
		if text, ok := r.classic(dst, meta); ok {
			return text
		}
	}
	return r.metaText(dst, plain)
}

// classic appends a classic command, if there is one that does the same.
func (r *Request) classic(dst []byte, meta bool) (text []byte, ok bool) {
	switch r.Op {
	case Get, GetK:
		return appendWords(dst, "gets", r.Key), true
	case GAT, GATK:
		dst = append(dst, "gats "...)
		dst = append(appendTime(dst, r.Exptime), ' ')
		return append(append(dst, r.Key...), "\r\n"...), true
	}
	if meta {
		return nil, false
	}
	switch {
	case r.Op == Touch:
		dst = append(append(append(dst, "touch "...), r.Key...), ' ')
		return append(appendTime(dst, r.Exptime), "\r\n"...), true
	case r.Op == Delete && r.CAS == 0:
		return appendWords(dst, "delete", r.Key), true
	case (r.Op == Increment || r.Op == Decrement) && r.CAS == 0 && r.Exptime == math.MaxUint32:
		dst = append(append(append(dst, counters[r.Op-Increment]...), r.Key...), ' ')
		return append(strconv.AppendUint(dst, r.Delta, 10), "\r\n"...), true
	case r.Op.stores() && (r.CAS == 0 || r.Op == Set):
		return r.classicStore(dst), true
	}
	return nil, false
}

// The words of classic commands.
var (
	counters = [...]string{"incr ", "decr "}
	storing  = [...]string{Set: "set ", Add: "add ", Replace: "replace ", Append: "append ", Prepend: "prepend "}
)

// classicStore appends set and its like. A Set with a token is a cas.
func (r *Request) classicStore(dst []byte) []byte {
	word := storing[r.Op]
	if r.CAS != 0 {
		word = "cas "
	}
	dst = append(append(append(dst, word...), r.Key...), ' ')
	dst = append(strconv.AppendUint(dst, uint64(r.Flags), 10), ' ')
	dst = append(appendTime(dst, r.Exptime), ' ')
	dst = strconv.AppendInt(dst, int64(len(r.Value)), 10)
	if r.CAS != 0 {
		dst = strconv.AppendUint(append(dst, ' '), r.CAS, 10)
	}
	return r.appendValue(append(dst, "\r\n"...))
}

// metaText appends a meta command. plain says that the key can be written as it is.
func (r *Request) metaText(dst []byte, plain bool) []byte {
	switch {
	case r.Op.stores():
		dst = append(dst, "ms "...)
	case r.Op == Increment || r.Op == Decrement:
		dst = append(dst, "ma "...)
	case r.Op == Delete:
		dst = append(dst, "md "...)
	default:
		dst = append(dst, "mg "...)
	}
	if plain {
		dst = append(dst, r.Key...)
	} else {
		dst = base64.StdEncoding.AppendEncode(dst, r.Key)
	}
	if r.Op.stores() {
		dst = strconv.AppendInt(append(dst, ' '), int64(len(r.Value)), 10)
	}
	if !plain {
		dst = append(dst, " b"...)
	}
	dst = r.appendFlags(dst)
	if r.CAS != 0 && !r.Op.retrieves() && r.Op != Touch {
		dst = strconv.AppendUint(append(dst, " C"...), r.CAS, 10)
	}
	dst = append(dst, "\r\n"...)
	if r.Op.stores() {
		return r.appendValue(dst)
	}
	return dst
}

// appendFlags appends the flags of a meta command, but those of the key and of the token.
func (r *Request) appendFlags(dst []byte) []byte {
	switch r.Op {
	case Get, GetK:
		dst = append(dst, " f c v"...)
	case GAT, GATK:
		dst = appendTime(append(dst, " f c v T"...), r.Exptime)
	case Touch:
		dst = appendTime(append(dst, " f c T"...), r.Exptime)
	case Increment, Decrement:
		dst = strconv.AppendUint(append(dst, " v c D"...), r.Delta, 10)
		if r.Op == Decrement {
			dst = append(dst, " MD"...)
		}
		if r.Exptime != math.MaxUint32 {
			dst = appendTime(append(dst, " N"...), r.Exptime)
			dst = strconv.AppendUint(append(dst, " J"...), r.Initial, 10)
		}
	case Append, Prepend:
		dst = append(dst, " c M"...)
		dst = append(dst, "AP"[r.Op-Append])
	case Set, Add, Replace:
		dst = strconv.AppendUint(append(dst, " c F"...), uint64(r.Flags), 10)
		dst = appendTime(append(dst, " T"...), r.Exptime)
		if r.Op != Set && r.CAS == 0 { // with a token it is a Set with that token
			dst = append(dst, " M"...)
			dst = append(dst, "ER"[r.Op-Add])
		}
	}
	return dst
}

func (r *Request) appendValue(dst []byte) []byte { return append(append(dst, r.Value...), "\r\n"...) }

// appendTime appends a time to live. It has 32 bits without a sign here, and with one in text.
func appendTime(dst []byte, t uint32) []byte {
	return strconv.AppendUint(dst, uint64(min(t, math.MaxInt32)), 10)
}

func appendWords(dst []byte, word string, arg []byte) []byte {
	dst = append(dst, word...)
	if len(arg) > 0 {
		dst = append(append(dst, ' '), arg...)
	}
	return append(dst, "\r\n"...)
}

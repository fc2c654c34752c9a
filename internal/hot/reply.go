package hot

import (
	"bytes"
	"strconv"

	"magent/ascii"
)

// ask is what is sent to a server for a key that may be let in, in front of the key and behind it.
const (
	askBefore = "mg "
	askBehind = " v f t c\r\n"
)

// AppendAsk appends the request for a key to dst.
func AppendAsk(dst, key []byte) []byte {
	return append(append(append(dst, askBefore...), key...), askBehind...)
}

// AppendValue appends to dst the reply to a get of key, made of a server's reply to AppendAsk. It returns what is to
// be stored, which refers to dst, and dst. keep is false if it must not be stored: the reply says that a client has a
// task to do with the item (W, X or Z). ok is false if raw is no value.
func AppendValue(dst, key, raw []byte) (v Value, out []byte, keep, ok bool) {
	line, data, ok := bytes.Cut(raw, []byte("\r\n"))
	rest, found := bytes.CutPrefix(line, []byte("VA "))
	if !ok || !found {
		return Value{}, dst, false, false
	}
	size, rest, _ := bytes.Cut(rest, []byte(" "))
	flags, keep := []byte("0"), true
	v.TTL = -1
	for word, rest := ascii.NextKey(rest); len(word) > 0; word, rest = ascii.NextKey(rest) {
		switch arg := word[1:]; word[0] {
		case 'f':
			flags = arg
		case 't':
			if n, err := strconv.ParseInt(string(arg), 10, 64); err == nil { // -1 or a number
				v.TTL = n
			} else {
				keep = false
			}
		case 'c':
			n, err := strconv.ParseUint(string(arg), 10, 64)
			v.CAS, keep = n, keep && err == nil
		case 'W', 'X', 'Z':
			keep = false
		}
	}
	begin := len(dst)
	dst = append(append(append(dst, "VALUE "...), key...), ' ')
	dst = append(append(append(dst, flags...), ' '), size...)
	dst = append(append(append(dst, "\r\n"...), data...), "END\r\n"...)
	v.Reply = dst[begin:]
	return v, dst, keep, true
}

// AppendWithToken appends to dst the reply to a gets, made of one to a get.
func AppendWithToken(dst, reply []byte, cas uint64) []byte {
	i := bytes.IndexByte(reply, '\r')
	dst = append(append(dst, reply[:i]...), ' ')
	return append(strconv.AppendUint(dst, cas, 10), reply[i:]...)
}

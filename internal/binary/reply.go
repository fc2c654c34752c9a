package binary

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"magent/ascii"
)

// AppendReply appends the reply to a request, made of the reply to its text. body is what follows it: a value, which
// aliases text. If the client wants to hear nothing, nothing is appended.
func (w *Waiting) AppendReply(dst, text []byte) (head, body []byte) {
	switch {
	case w.Op == Stat && !isError(text):
		return w.appendStats(dst, text), nil
	case w.Op == Version:
		if version, ok := bytes.CutPrefix(line(text), []byte("VERSION ")); ok {
			return w.appendHead(dst, Success, 0, 0, len(version), 0), version
		}
	case w.Op.retrieves() && bytes.HasPrefix(text, []byte("VALUE ")):
		return w.appendClassic(dst, text)
	case bytes.HasPrefix(text, []byte("VA ")):
		return w.appendMeta(dst, text)
	}
	return w.appendLine(dst, line(text)), nil
}

// Mechanism is the only one by which clients authenticate, in SASL's words.
const Mechanism = "PLAIN"

// authenticated is what memcached says when that has succeeded.
const authenticated = "Authenticated"

// appendLine appends the reply for a text of one line.
func (w *Waiting) appendLine(dst, text []byte) []byte {
	word, flags, _ := bytes.Cut(text, []byte{' '})
	switch string(word) {
	case "HD", "STORED", "DELETED", "TOUCHED", "OK", "MN", "RESET":
		return w.appendDone(dst, flags)
	case "END", "EN", "NF", "NOT_FOUND":
		return w.appendMiss(dst)
	case "EX", "EXISTS":
		return w.refuse(dst, Exists)
	case "NS", "NOT_STORED":
		return w.refuse(dst, w.notStored())
	case codeWord:
		code, _ := strconv.ParseUint(string(flags), 10, 16)
		if code == uint64(Success) {
			return w.appendDone(dst, nil)
		}
		return w.refuse(dst, Code(code))
	}
	if (w.Op == Increment || w.Op == Decrement) && len(word) > 0 && word[0] >= '0' && word[0] <= '9' {
		return w.appendNumber(dst, word, 0)
	}
	return w.appendError(dst, text)
}

// appendDone appends that all went well.
func (w *Waiting) appendDone(dst, flags []byte) []byte {
	switch {
	case w.Quiet():
		return dst
	case w.Op == SASLList:
		return append(w.appendHead(dst, Success, 0, 0, len(Mechanism), 0), Mechanism...)
	case w.Op.Authenticates():
		return append(w.appendHead(dst, Success, 0, 0, len(authenticated), 0), authenticated...)
	case w.Op == Touch: // of the client's flags the classic command says nothing
		clientFlags, _ := numberOf(flags, 'f')
		dst = w.appendHead(dst, Success, 4, 0, 4, tokenOf(flags))
		return binary.BigEndian.AppendUint32(dst, uint32(clientFlags))
	}
	return w.appendHead(dst, Success, 0, 0, 0, tokenOf(flags))
}

// appendMiss appends that the key is not there. The quiet forms of what only reads or touches say nothing then.
func (w *Waiting) appendMiss(dst []byte) []byte {
	switch {
	case w.Op.retrieves() && w.Quiet():
		return dst
	case w.Op.Echoes():
		return append(w.appendHead(dst, NotFound, 0, len(w.Key), len(w.Key), 0), w.Key...)
	case w.Op == Append || w.Op == Prepend:
		return w.refuse(dst, NotStored)
	}
	return w.refuse(dst, NotFound)
}

// notStored is the code for a value that was not stored.
func (w *Waiting) notStored() Code {
	switch w.Op {
	case Add:
		return Exists
	case Replace:
		return NotFound
	}
	return NotStored
}

// appendError appends a reply for an error line. Its text is the server's, or the proxy's.
func (w *Waiting) appendError(dst, text []byte) []byte {
	code := Invalid
	switch {
	case bytes.HasPrefix(text, []byte("SERVER_ERROR object too large")):
		return w.refuse(dst, TooLarge)
	case bytes.HasPrefix(text, []byte("SERVER_ERROR out of memory")):
		code = OutOfMemory
	case bytes.HasPrefix(text, []byte("SERVER_ERROR")):
		code = Unavailable
	case bytes.Contains(text, []byte("non-numeric value")):
		return w.refuse(dst, NotNumeric)
	case w.Op == Stat:
		return w.refuse(dst, NotFound)
	}
	return append(w.appendHead(dst, code, 0, 0, len(text), 0), text...)
}

// refuse appends a reply with a code and memcached's text for it. It is sent to quiet commands, too.
func (w *Waiting) refuse(dst []byte, code Code) []byte {
	text := code.text()
	return append(w.appendHead(dst, code, 0, 0, len(text), 0), text...)
}

// appendClassic appends the reply for VALUE key flags length [token].
func (w *Waiting) appendClassic(dst, text []byte) (head, body []byte) {
	end := bytes.IndexByte(text, '\n')
	fields := line(text[:end+1])
	var words [5][]byte
	for i := range words {
		words[i], fields, _ = bytes.Cut(fields, []byte{' '})
	}
	flags, _ := strconv.ParseUint(string(words[2]), 10, 32)
	value, ok := valueOf(text[end+1:], words[3])
	if !ok {
		return w.refuse(dst, Invalid), nil
	}
	token, _ := strconv.ParseUint(string(words[4]), 10, 64)
	return w.appendValue(dst, uint32(flags), token, value)
}

// appendMeta appends the reply for VA length flags.
func (w *Waiting) appendMeta(dst, text []byte) (head, body []byte) {
	end := bytes.IndexByte(text, '\n')
	_, rest, _ := bytes.Cut(line(text[:end+1]), []byte{' '})
	length, flags, _ := bytes.Cut(rest, []byte{' '})
	value, ok := valueOf(text[end+1:], length)
	if !ok {
		return w.refuse(dst, Invalid), nil
	}
	if w.Op == Increment || w.Op == Decrement {
		return w.appendNumber(dst, value, tokenOf(flags)), nil
	}
	clientFlags, _ := numberOf(flags, 'f')
	return w.appendValue(dst, uint32(clientFlags), tokenOf(flags), value)
}

// valueOf returns the value at the front of data, whose length is given. A framed reply has it.
func valueOf(data, length []byte) (value []byte, ok bool) {
	size, err := strconv.Atoi(string(length))
	if err != nil || size < 0 || size > len(data) {
		return nil, false
	}
	return data[:size], true
}

// appendValue appends the head of a reply with a value.
func (w *Waiting) appendValue(dst []byte, flags uint32, token uint64, value []byte) (head, body []byte) {
	key := w.Key
	if !w.Op.Echoes() {
		key = nil
	}
	dst = w.appendHead(dst, Success, 4, len(key), 4+len(key)+len(value), token)
	return append(binary.BigEndian.AppendUint32(dst, flags), key...), value
}

// appendNumber appends the value of a counter.
func (w *Waiting) appendNumber(dst, digits []byte, token uint64) []byte {
	if w.Quiet() {
		return dst
	}
	n, _ := strconv.ParseUint(string(bytes.TrimRight(digits, " ")), 10, 64)
	return binary.BigEndian.AppendUint64(w.appendHead(dst, Success, 0, 0, 8, token), n)
}

// appendStats appends a reply for each STAT line, and an empty one at the end.
func (w *Waiting) appendStats(dst, text []byte) []byte {
	for len(text) > 0 {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			break
		}
		stat, isStat := bytes.CutPrefix(line(text[:end+1]), []byte("STAT "))
		text = text[end+1:]
		if !isStat {
			continue
		}
		name, value, _ := bytes.Cut(stat, []byte{' '})
		dst = w.appendHead(dst, Success, 0, len(name), len(name)+len(value), 0)
		dst = append(append(dst, name...), value...)
	}
	return w.appendHead(dst, Success, 0, 0, 0, 0)
}

func (w *Waiting) appendHead(dst []byte, code Code, extras, key, body int, token uint64) []byte {
	dst = append(dst, magicReply, byte(w.Sent))
	dst = binary.BigEndian.AppendUint16(dst, uint16(key))
	dst = append(dst, byte(extras), 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	dst = binary.BigEndian.AppendUint32(dst, uint32(body))
	dst = binary.BigEndian.AppendUint32(dst, w.Opaque)
	return binary.BigEndian.AppendUint64(dst, token)
}

// line is text without the end of its line.
func line(text []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte{'\n'}), []byte{'\r'})
}

func isError(text []byte) bool {
	for _, word := range []string{"ERROR", "CLIENT_ERROR", "SERVER_ERROR"} {
		if bytes.HasPrefix(text, []byte(word)) {
			return true
		}
	}
	return false
}

// tokenOf finds the cas token among the flags of a meta reply; 0: there is none.
func tokenOf(flags []byte) uint64 {
	token, _ := numberOf(flags, 'c')
	return token
}

// numberOf finds the number behind a flag.
func numberOf(flags []byte, letter byte) (n uint64, ok bool) {
	for word, rest := ascii.NextKey(flags); len(word) > 0; word, rest = ascii.NextKey(rest) {
		if word[0] == letter {
			n, err := strconv.ParseUint(string(word[1:]), 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

package loop

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

const (
	tlsHead       = 5 // the type, the version and the length in front of a record
	explicitNonce = 8
	maxHead       = tlsHead + explicitNonce
	maxTLSData    = 16 << 10 // what a record holds at most
	maxTLSRecord  = tlsHead + maxTLSData + 2048
	maxTLS13      = tlsHead + maxTLSData + 256
	// maxUseless is how many records without data may follow each other.
	maxUseless = 32
	// renewAfter is how many records a key of TLS 1.3 seals. RFC 8446 allows 24 million full ones with AES-GCM.
	renewAfter = 1 << 23
)

// The types of records.
const (
	tlsChange    = 20
	tlsAlert     = 21
	tlsHandshake = 22
	tlsData      = 23
)

// tlsRecordSize returns how many bytes a record has in all, by its head.
func tlsRecordSize(head []byte) int { return tlsHead + int(binary.BigEndian.Uint16(head[3:])) }

// finishTLS seals the record at the end of the output where it lies. The nonce is set.
func (k *Seal) finishTLS(out []byte, start int, kind byte) []byte {
	d, body := &k.send, start+k.head
	n := len(out) - body
	outer := kind
	if k.tls.v13 {
		out = append(out, kind)
		outer = tlsData
	}
	head := out[start:body]
	head[0], head[1], head[2] = outer, 3, 3
	binary.BigEndian.PutUint16(head[3:], uint16(len(out)-start-tlsHead+sealTag))
	copy(head[tlsHead:], d.nonce[4:]) // if it is explicit
	extra := head[:tlsHead]
	if !k.tls.v13 {
		extra = d.extra12(kind, n)
	}
	return d.aead.Seal(out[:body], d.nonce[:], out[body:], extra)
}

// extra12 returns what TLS 1.2 authenticates beside the n bytes of a record.
func (d *direction) extra12(kind byte, n int) []byte {
	binary.BigEndian.PutUint64(d.extra[:], d.count-1)
	d.extra[8], d.extra[9], d.extra[10] = kind, 3, 3
	binary.BigEndian.PutUint16(d.extra[11:], uint16(n))
	return d.extra[:]
}

// ahead returns the size of what before will append.
func (k *Seal) ahead() int {
	if k.tls == nil || !k.tls.update {
		return 0
	}
	return k.head + len(keyUpdate) + k.tail
}

// before appends what has to stand in front of the next record: an update of the key.
func (k *Seal) before(out []byte) []byte {
	switch {
	case k.tls == nil || !k.tls.v13:
		return out
	case k.send.count >= renewAfter:
		k.tls.update = true
	case !k.tls.update:
		return out
	}
	k.tls.update = false
	out = k.appendTLS(out, tlsHandshake, keyUpdate[:])
	if err := k.send.renew(k.tls.suite); err != nil {
		panic("loop: " + err.Error()) // the same lengths as before
	}
	return out
}

// appendTLS appends a short record that is no data. There must be no open one.
func (k *Seal) appendTLS(out []byte, kind byte, body []byte) []byte {
	var room [maxHead]byte
	if !k.send.next() {
		return out
	}
	start := len(out)
	return k.finishTLS(append(append(out, room[:k.head]...), body...), start, kind)
}

// loosen notes that a record may end within a message.
func (k *Seal) loosen() {
	if k.tls != nil && k.tls.client {
		k.tls.loose = true
	}
}

// isLoose reports whether nudge has something to append.
func (k *Seal) isLoose() bool { return k.tls != nil && k.tls.loose }

// nudge appends an empty record, behind records that may end within a message. memcached reads no more of a record
// than it has room for, or than a value lacks. Then it waits for the socket, although OpenSSL has the rest of the
// record. When something else is there to be read, it has a look.
func (k *Seal) nudge(out []byte) []byte {
	k.tls.loose = false
	return k.appendTLS(out, tlsData, nil)
}

// goodbye returns the record that ends the stream, once; nil if there is none. Nothing may be sent behind it.
func (k *Seal) goodbye() []byte {
	if k.tls == nil || k.tls.closed {
		return nil
	}
	k.tls.closed = true
	return k.appendTLS(nil, tlsAlert, []byte{alertWarning, alertCloseNotify})
}

// openTLS is open for records of TLS.
func (k *Seal) openTLS(b, raw []byte) (n int, rest []byte, err error) {
	for len(raw) >= tlsHead {
		size := tlsRecordSize(raw)
		if err := k.checkHead(raw, size); err != nil {
			return 0, nil, err
		}
		if len(raw) < size {
			break
		}
		if !k.receive.next() {
			return 0, nil, errSpent
		}
		data, kind, err := k.openRecord(&k.receive, b[n:n:len(b)], raw[:size])
		if err != nil {
			return 0, nil, err
		}
		record := raw[:size]
		raw = raw[size:]
		if kind == tlsData && len(data) > 0 && !k.tls.message.open() {
			k.tls.useless, k.tls.ticket = 0, nil
			n += len(data)
			continue
		}
		renewed := k.receive.count
		if err = k.takeTLS(kind, data); err != nil {
			return n, nil, err
		}
		if k.tls.ticket != nil && k.receive.count == renewed { // else the key is another one
			k.tls.ticket(record)
		}
	}
	return n, raw, nil
}

// checkHead judges a record by its head.
func (k *Seal) checkHead(head []byte, size int) error {
	least, most := k.head+sealTag, maxTLSRecord
	if k.tls.v13 {
		least, most = k.head+k.tail, maxTLS13
	}
	switch {
	case head[1] != 3 || head[2] != 3, size < least, size > most, k.tls.v13 && head[0] != tlsData:
		return fmt.Errorf("%w: what has come is no record of this TLS: %x", ErrSeal, head[:tlsHead])
	}
	return nil
}

// openRecord opens one whole record, for which d has the nonce, behind b. The result begins there.
func (k *Seal) openRecord(d *direction, b, record []byte) (data []byte, kind byte, err error) {
	if len(record) < k.head+sealTag {
		return b, 0, ErrSeal
	}
	kind = record[0]
	extra := record[:tlsHead]
	if k.tls.explicit {
		copy(d.nonce[4:], record[tlsHead:])
	}
	if !k.tls.v13 {
		extra = d.extra12(kind, len(record)-k.head-sealTag)
	}
	data, err = d.aead.Open(b, d.nonce[:], record[k.head:], extra)
	if err != nil {
		return b, 0, fmt.Errorf("%w: record %d, of %d bytes", ErrSeal, d.count, len(record))
	}
	if k.tls.v13 {
		end := len(data)
		for end > 0 && data[end-1] == 0 { // padding
			end--
		}
		if end == 0 {
			return b, 0, fmt.Errorf("%w: a record without a type", ErrSeal)
		}
		data, kind = data[:end-1], data[end-1]
	}
	if len(data) > maxTLSData {
		return b, 0, fmt.Errorf("%w: a record with %d bytes of data", ErrSeal, len(data))
	}
	return data, kind, nil
}

// hangUp has epoll report the end of a socket on which nothing more is read.
func hangUp(fd int) { _ = unix.Shutdown(fd, unix.SHUT_RD) }

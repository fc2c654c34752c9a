package loop

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"golang.org/x/sys/unix"
)

// SealKeySize is the size in bytes of the keys of a Seal.
const SealKeySize = 32

const (
	sealHead     = 4  // the length in front of a record
	sealTag      = 16 // the tag behind it
	sealOverhead = sealHead + sealTag
	maxRecord    = 64 << 10
	maxSealed    = maxRecord - sealOverhead // how many bytes of the user's a record holds at most
)

var (
	// ErrSeal is wrapped by the error of Stream.Read when something else has come than what the other end has sealed.
	ErrSeal = errors.New("the sealed stream was changed on the way, or sealed with another key")
	// errSpent ends a stream before a nonce is used twice.
	errSpent = errors.New("the keys of a sealed stream are used up: it needs a new connection")
)

// Seal encrypts what a Stream sends, and decrypts and authenticates what it receives (AES-256-GCM). Each direction has
// a key of its own, and the number of the record is its nonce. So what is changed, left out, sent again or put
// elsewhere is found.
//
// A record is four bytes with the number of the user's bytes (1 to maxSealed, the most significant byte first), that
// many encrypted bytes, and a tag.
//
// The end of a stream is not sealed: whoever can close the connection can pretend that the other end did so between
// two records.
//
// NewTLS returns a Seal that seals and opens the records of TLS instead (tls.go).
type Seal struct {
	shape
	send, receive direction
	tls           *tlsState // nil: the records are those of a fleet

	fill   int    // > 0: the output ends with a record that is not sealed yet, of so many bytes behind its head
	part   []byte // what has come of an incomplete record, with its head
	failed error  // what ended the receiving
}

// shape is the form of the records, in bytes.
type shape struct {
	head int // in front of the user's bytes
	tail int // behind them
	most int // the user's bytes in a record that is sent, at most
	size int // a whole record that is received, at most
}

// direction is a key with the number of records that it was used for.
type direction struct {
	aead  cipher.AEAD
	count uint64
	iv    [12]byte // what the number of the record is mixed with; zeros, but for TLS
	nonce [12]byte // for the present record

	secret []byte   // of TLS 1.3: what the key was made of, and the next one will be
	extra  [13]byte // what TLS 1.2 authenticates beside the data; scratch
}

// NewSeal returns a Seal for one Stream. The other end has the same keys, of SealKeySize bytes each, the other way
// round. They must not have been used before.
func NewSeal(send, receive []byte) *Seal {
	return &Seal{
		shape: shape{head: sealHead, tail: sealTag, most: maxSealed, size: maxRecord},
		send:  newDirection(send), receive: newDirection(receive),
	}
}

func newDirection(key []byte) direction {
	if len(key) != SealKeySize {
		panic(fmt.Sprintf("loop: a key of %d bytes", len(key)))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("loop: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("loop: " + err.Error())
	}
	return direction{aead: aead}
}

// next sets the nonce for the next record. It reports false when there is none left.
func (d *direction) next() bool {
	if d.count == math.MaxUint64 {
		return false
	}
	d.nonce = d.iv
	binary.BigEndian.PutUint64(d.nonce[4:], binary.BigEndian.Uint64(d.iv[4:])^d.count)
	d.count++
	return true
}

// sealedSize returns how much room n more bytes need at most in the output, with the end of the record before them.
func (k *Seal) sealedSize(n int) int {
	if n == 0 {
		return 0
	}
	return n + (n/k.most+2)*(k.head+k.tail) + k.ahead()
}

// write appends data to the output, in records that it fills. The last one stays open for more.
func (k *Seal) write(out, data []byte) []byte {
	for len(data) > 0 {
		if k.fill == 0 {
			out = k.begin(out)
		}
		n := min(len(data), k.most-k.fill)
		out = append(out, data[:n]...)
		data = data[n:]
		if k.fill += n; k.fill == k.most {
			k.loosen()
			var err error
			if out, err = k.end(out); err != nil {
				return out // and again at the next end
			}
		}
	}
	return out
}

// begin appends what stands in front of a record, and room for its head.
func (k *Seal) begin(out []byte) []byte {
	var room [maxHead]byte
	return append(k.before(out), room[:k.head]...)
}

// end seals the open record where it lies. If that is not possible, its bytes are dropped.
func (k *Seal) end(out []byte) ([]byte, error) {
	if k.fill == 0 {
		return out, k.spent()
	}
	start := len(out) - k.fill - k.head
	k.fill = 0
	if !k.send.next() {
		return out[:start], errSpent
	}
	if k.tls != nil {
		return k.finishTLS(out, start, tlsData), nil
	}
	data := out[start+k.head:]
	binary.BigEndian.PutUint32(out[start:], uint32(len(data)))
	return k.send.aead.Seal(out[:start+k.head], k.send.nonce[:], data, nil), nil
}

func (k *Seal) spent() error {
	if k.send.count == math.MaxUint64 {
		return errSpent
	}
	return nil
}

// add appends data, of 1 to most bytes, to the output as a record of its own, which is encrypted on the way.
func (k *Seal) add(out, data []byte) ([]byte, error) {
	out, err := k.end(out)
	if err == nil && k.tls != nil {
		out, k.fill = append(k.begin(out), data...), len(data) // its type is encrypted behind it
		return k.end(out)
	}
	if err != nil || !k.send.next() {
		return out, errSpent
	}
	out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
	return k.send.aead.Seal(out, k.send.nonce[:], data, nil), nil
}

// owed returns how many bytes end will append.
func (k *Seal) owed() int {
	if k.fill == 0 {
		return 0
	}
	return k.tail
}

// drop forgets the open record, because the output was dropped.
func (k *Seal) drop() { k.fill = 0 }

// recv reads once from a non-blocking socket, and puts what it has opened into b. The results are those of Recv: if no
// record is complete, the error is EAGAIN. b has to be longer than the part of a record that is there (kept). raw is
// for what is not opened yet.
func (k *Seal) recv(fd int, b, raw []byte, p *Pool) (n int, err error) {
	if k.failed != nil {
		return 0, k.failed
	}
	if len(k.part) < k.first() {
		n, err = k.recvAll(fd, b, raw, p)
	} else {
		n, err = k.recvRest(fd, b, raw, p)
	}
	switch {
	case k.failed != nil: // there is no more behind what was opened
		hangUp(fd)
	case err != nil && !Again(err):
		k.failed = err
	case err == nil && n == 0 && len(k.part) > 0:
		k.failed, err = io.ErrUnexpectedEOF, io.ErrUnexpectedEOF
	}
	return n, err
}

// recvAll is recv if there is no part of a record, or less than its head.
func (k *Seal) recvAll(fd int, b, raw []byte, p *Pool) (n int, err error) {
	have := copy(raw, k.part)
	got, err := Recv(fd, raw[have:min(len(raw), len(b))])
	if got == 0 || err != nil {
		return 0, err
	}
	k.release(p)
	return k.openAll(b, 0, raw[:have+got], p)
}

// recvRest is recv if there is a part of a record. The rest comes to where that lies.
func (k *Seal) recvRest(fd int, b, raw []byte, p *Pool) (n int, err error) {
	have, size := len(k.part), k.recordSize(k.part)
	room := len(b) - have
	rest := k.part[have:min(size, have+room)]
	got, err := Recv2(fd, rest, raw[:min(len(raw), room-len(rest))])
	if got == 0 || err != nil {
		return 0, err
	}
	k.part = k.part[:have+min(got, len(rest))]
	if len(k.part) < size {
		return 0, unix.EAGAIN
	}
	if n, _, err = k.open(b, k.part); err != nil {
		return 0, err
	}
	k.release(p)
	return k.openAll(b, n, raw[:got-len(rest)], p)
}

// openAll opens what has come in raw, behind n bytes in b, and keeps the part of a record at the end.
func (k *Seal) openAll(b []byte, n int, raw []byte, p *Pool) (int, error) {
	more, rest, err := k.open(b[n:], raw)
	if errors.Is(err, io.EOF) && n+more > 0 {
		k.failed = err // for the next read
		return n + more, nil
	}
	if err != nil {
		return 0, err
	}
	k.keep(rest, p)
	if n+more == 0 {
		return 0, unix.EAGAIN
	}
	return n + more, nil
}

// open opens all records that are complete, and puts their contents into b, which has room for them. rest is what is
// left of raw. The error is io.EOF if TLS has ended behind them.
func (k *Seal) open(b, raw []byte) (n int, rest []byte, err error) {
	if k.tls != nil {
		return k.openTLS(b, raw)
	}
	for len(raw) >= sealHead {
		size := k.recordSize(raw)
		if size <= sealOverhead || size > k.size {
			return 0, nil, fmt.Errorf("%w: a record is said to have %d bytes", ErrSeal, size-sealOverhead)
		}
		if len(raw) < size {
			break
		}
		if !k.receive.next() {
			return 0, nil, errSpent
		}
		end := n + size - sealOverhead
		if _, err := k.receive.aead.Open(b[n:end][:0], k.receive.nonce[:], raw[sealHead:size], nil); err != nil {
			return 0, nil, fmt.Errorf("%w: record %d, of %d bytes", ErrSeal, k.receive.count, end-n)
		}
		n = end
		raw = raw[size:]
	}
	return n, raw, nil
}

// recordSize returns how many bytes a record has in all, by its first bytes.
func (k *Seal) recordSize(head []byte) int {
	if k.tls != nil {
		return tlsRecordSize(head)
	}
	return sealOverhead + int(binary.BigEndian.Uint32(head))
}

// first returns how many bytes of a record recordSize needs.
func (k *Seal) first() int {
	if k.tls != nil {
		return tlsHead
	}
	return sealHead
}

// keep copies the beginning of a record into a buffer that has room for all of it.
func (k *Seal) keep(rest []byte, p *Pool) {
	if len(rest) == 0 {
		return
	}
	size := k.first()
	if len(rest) >= size {
		size = k.recordSize(rest)
	}
	k.part = append(p.Get(size), rest...)
}

// kept returns how many bytes of an incomplete record are there.
func (k *Seal) kept() int { return len(k.part) }

// release gives the buffer back.
func (k *Seal) release(p *Pool) {
	p.Put(k.part)
	k.part = nil
}

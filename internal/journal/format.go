package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// header is the header of a complete file. Its last byte is the status.
const (
	header    = "MAGENTJ\n" + "\x01" + "g"
	headerLen = len(header)
	versionAt = headerLen - 2
	statusAt  = headerLen - 1
	doubtful  = 'd'
)

// kind is the type of a record.
type kind byte

const (
	isServer     kind = 1 + iota // a server's number gets a name: pool, role, address
	isIdentity                   // the server's identity in the records that follow
	isDirty                      // one key is dirty
	isAll                        // every key is dirty
	isIncomplete                 // the server lacks keys
	isClean                      // earlier records of this loop about the server are void
)

const (
	headLen = 21      // of a record, in bytes
	maxBody = 1 << 16 // of a record, in bytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errMissing = errors.New("records are missing, because it could not be written")
	errHead    = errors.New("the head of a record has a wrong checksum")
	errBody    = errors.New("a record has a wrong checksum")
	errLength  = errors.New("a record is too long")
	errKind    = errors.New("a record has an unknown type")
	errShape   = errors.New("a record has a wrong form")
	errNumber  = errors.New("a record about a server without a name")
	errRenamed = errors.New("a server has two names or two numbers")
)

// appendRecord appends a record to b.
func appendRecord[B string | []byte](b []byte, k kind, loop, server int, body B) []byte {
	at := len(b)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	b = binary.LittleEndian.AppendUint32(b, uint32(loop))
	b = binary.LittleEndian.AppendUint32(b, uint32(server))
	b = append(b, byte(k))
	b = append(b, body...)
	head := b[at : at+headLen]
	binary.LittleEndian.PutUint32(head[4:], crc32.Checksum(b[at+headLen:], castagnoli))
	binary.LittleEndian.PutUint32(head, crc32.Checksum(head[4:], castagnoli))
	return b
}

// record is a record that was read.
type record struct {
	kind         kind
	loop, server uint32
	body         []byte // valid until the next read

	head [headLen]byte
}

// read reads the next record. io.EOF means that there is none, or only a part of one.
func (r *record) read(in io.Reader) error {
	if err := readFull(in, r.head[:]); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(r.head[:]) != crc32.Checksum(r.head[4:], castagnoli) {
		return errHead
	}
	length := binary.LittleEndian.Uint32(r.head[8:])
	if length > maxBody {
		return errLength
	}
	r.loop, r.server = binary.LittleEndian.Uint32(r.head[12:]), binary.LittleEndian.Uint32(r.head[16:])
	r.kind = kind(r.head[20])
	r.body = append(r.body[:0], make([]byte, length)...)
	if err := readFull(in, r.body); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(r.head[4:]) != crc32.Checksum(r.body, castagnoli) {
		return errBody
	}
	return nil
}

// readFull returns io.EOF if the input ends early.
func readFull(in io.Reader, b []byte) error {
	_, err := io.ReadFull(in, b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

// appendName and parseName are for the body of a server's record: three strings, each after its length.
func appendName(b []byte, s Server) []byte {
	for _, part := range [...]string{s.Pool, s.Role, s.Address} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return b
}

func parseName(b []byte) (Server, error) {
	var parts [3]string
	for i := range parts {
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return Server{}, errShape
		}
		parts[i], b = string(b[n:n+int(length)]), b[n+int(length):]
	}
	if len(b) > 0 {
		return Server{}, errShape
	}
	return Server{parts[0], parts[1], parts[2]}, nil
}

package wal

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"magent/internal/fleet/durable"
)

const (
	header  = "MAGENTW\n" + "\x01"
	headLen = 13      // of a record
	maxBody = 1 << 24 // of a record
)

// kind is the type of a record. What a write has is in one batch, which ends with isEnd: half a write is none.
type kind byte

const (
	isMeta     kind = 1 + iota
	isHard          // raftpb.HardState
	isEntry         // raftpb.Entry
	isSnapshot      // raftpb.Snapshot
	isWhole         // what follows in the batch is all that there is of raft's state
	isEnd           // of a batch
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrDamaged is wrapped by the error about a file that cannot be believed.
var ErrDamaged = errors.New("the file is damaged")

// errTorn ends the reading: what follows was not written to the end.
var errTorn = errors.New("torn")

func appendRecord(b []byte, k kind, body []byte) []byte {
	at := len(b)
	b = append(b, make([]byte, headLen)...)
	b = append(b, body...)
	head := b[at : at+headLen]
	binary.LittleEndian.PutUint32(head[4:], crc32.Checksum(body, castagnoli))
	binary.LittleEndian.PutUint32(head[8:], uint32(len(body)))
	head[12] = byte(k)
	binary.LittleEndian.PutUint32(head, crc32.Checksum(head[4:], castagnoli))
	return b
}

// appendWrite is a batch.
func appendWrite(b []byte, w *durable.Write) ([]byte, error) {
	if w.Meta != nil {
		text, err := json.Marshal(w.Meta)
		if err != nil {
			return nil, err
		}
		b = appendRecord(b, isMeta, text)
	}
	if w.Whole {
		b = appendRecord(b, isWhole, nil)
	}
	var err error
	if w.Snapshot != nil {
		b, err = appendMessage(b, isSnapshot, w.Snapshot)
	}
	if w.Hard != nil && err == nil {
		b, err = appendMessage(b, isHard, w.Hard)
	}
	for _, e := range w.Entries {
		if err == nil {
			b, err = appendMessage(b, isEntry, e)
		}
	}
	return appendRecord(b, isEnd, nil), err
}

func appendMessage(b []byte, k kind, m proto.Message) ([]byte, error) {
	body, err := proto.Marshal(m)
	return appendRecord(b, k, body), err
}

// parse reads a file. good is how much of it counts.
func parse(data []byte) (s durable.State, good int, err error) {
	if len(data) < len(header) || string(data[:len(header)]) != header {
		return s, 0, fmt.Errorf("%w: it begins with %q", ErrDamaged, data[:min(len(data), len(header))])
	}
	at := len(header)
	good = at
	var w durable.Write
	for at < len(data) {
		k, body, n, err := next(data[at:])
		if errors.Is(err, errTorn) {
			return s, good, nil
		}
		if err == nil {
			err = take(&w, k, body)
		}
		if err != nil {
			return s, good, fmt.Errorf("%w: byte %d: %w", ErrDamaged, at, err)
		}
		at += n
		if k == isEnd {
			s.Merge(&w)
			w, good = durable.Write{}, at
		}
	}
	return s, good, nil
}

// next is one record. It is torn if the file ends before it does, or if nothing but zeros is left, which is what a
// machine leaves that dies while the file grows.
func next(b []byte) (k kind, body []byte, n int, err error) {
	if len(b) < headLen || allZero(b) {
		return 0, nil, 0, errTorn
	}
	if binary.LittleEndian.Uint32(b) != crc32.Checksum(b[4:headLen], castagnoli) {
		return 0, nil, 0, errors.New("the head of a record has a wrong checksum")
	}
	length := int(binary.LittleEndian.Uint32(b[8:]))
	if length > maxBody {
		return 0, nil, 0, errors.New("a record is too long")
	}
	if len(b) < headLen+length || length > 0 && allZero(b[headLen:]) {
		return 0, nil, 0, errTorn
	}
	body = b[headLen : headLen+length]
	if binary.LittleEndian.Uint32(b[4:]) != crc32.Checksum(body, castagnoli) {
		return 0, nil, 0, errors.New("a record has a wrong checksum")
	}
	return kind(b[12]), body, headLen + length, nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func take(w *durable.Write, k kind, body []byte) error {
	switch k {
	case isMeta:
		w.Meta = &durable.Meta{}
		return json.Unmarshal(body, w.Meta)
	case isWhole:
		w.Whole = true
		return nil
	case isSnapshot:
		w.Snapshot = &raftpb.Snapshot{}
		return proto.Unmarshal(body, w.Snapshot)
	case isHard:
		w.Hard = &raftpb.HardState{}
		return proto.Unmarshal(body, w.Hard)
	case isEntry:
		e := &raftpb.Entry{}
		w.Entries = append(w.Entries, e)
		return proto.Unmarshal(body, e)
	case isEnd:
		return nil
	}
	return fmt.Errorf("a record has an unknown type, %d", k)
}

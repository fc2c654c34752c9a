package metadump

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"hash/maphash"
	"math"
)

// Ranges lists the keys of a server in parts that fit into memory, if there is no room for a temporary file. A part
// has the keys with hashes in a certain range. For each part the server has to list all its keys again.
type Ranges struct {
	limit int // the largest size of a part, in bytes
	seed  maphash.Seed
	from  uint64 // the hash at which the next part begins
	done  bool
}

// NewRanges returns a Ranges at its first part. memory is the largest size of a part, in bytes.
func NewRanges(memory int) *Ranges { return &Ranges{limit: memory, seed: maphash.MakeSeed()} }

// Done reports whether all parts were listed.
func (r *Ranges) Done() bool { return r.done }

// Next lists the keys of the next part for which keep returns true, as Collect does. keep may also be called for keys
// of a later part; it is called for them again then. After an error the same part is the next one.
func (r *Ranges) Next(ctx context.Context, dial Dialer, keep func(key []byte) bool) (*Spool, error) {
	s, to := &Spool{limit: math.MaxInt}, uint64(math.MaxUint64)
	err := Walk(ctx, dial, func(it Item) error {
		hash := maphash.Bytes(r.seed, it.Key)
		if hash < r.from || hash > to || !keep(it.Key) {
			return nil
		}
		_ = s.add(it.Key) // it stays in memory
		for len(s.memory) >= r.limit && to > r.from {
			to = r.from + (to-r.from)/2
			s.cut(func(key []byte) bool { return maphash.Bytes(r.seed, key) <= to })
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.from, r.done = to+1, to == math.MaxUint64
	return s, nil
}

// cut removes the keys for which keep returns false. All keys must be in memory.
func (s *Spool) cut(keep func(key []byte) bool) {
	kept := s.memory[:0] // the same array: writing never overtakes reading
	s.Len = 0
	_ = each(bufio.NewReader(bytes.NewReader(s.memory)), func(key []byte) error {
		if keep(key) {
			kept = append(binary.AppendUvarint(kept, uint64(len(key))), key...)
			s.Len++
		}
		return nil
	})
	s.memory = kept
}

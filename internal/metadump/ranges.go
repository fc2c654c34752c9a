package metadump

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"hash/maphash"
	"math"
)

// Ranges lists the keys of a server in parts that fit into memory, for want of a temporary file: each part is those with a
// hash of some range, and for each the server lists all its keys again.
type Ranges struct {
	limit int // bytes of keys of a part
	seed  maphash.Seed
	from  uint64 // where the next part begins
	done  bool
}

// NewRanges returns a list that has not begun. A part has at most so many bytes of keys.
func NewRanges(memory int) *Ranges { return &Ranges{limit: memory, seed: maphash.MakeSeed()} }

// Done reports whether all parts were listed.
func (r *Ranges) Done() bool { return r.done }

// Next lists the keys of the next part that keep says yes to, as Collect does. keep may also be called for keys that turn out
// to be of a later part, for which it is called again then. After an error the same part is next.
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

// cut drops the keys that keep says no to; all are in memory.
func (s *Spool) cut(keep func(key []byte) bool) {
	kept := s.memory[:0] // what is written lies before what is read
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

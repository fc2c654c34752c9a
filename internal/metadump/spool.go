package metadump

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// SpoolMemory is how many bytes of keys a list should keep in memory.
const SpoolMemory = 16 << 20

// Spool is a list of keys. If there are many, some are in a temporary file that is deleted but still open.
type Spool struct {
	Len int // the number of keys

	memory []byte // the first keys, each with its length in front of it
	limit  int    // the size of memory from which further keys go to file
	file   *os.File
	out    *bufio.Writer // writes to file; nil: all keys are in memory
}

// Collect lists the keys of a server for which keep returns true. The caller must close the Spool. memory is how many
// bytes of keys are kept in memory; further keys go to a temporary file. If that is not possible, the error is
// ErrNoFile.
//
// Collect reads as fast as the server writes. If a dump is read slowly, another request for a dump has to wait. In
// memcached 1.6.18 this blocks the whole worker thread that got the request.
func Collect(ctx context.Context, dial Dialer, memory int, keep func(key []byte) bool) (*Spool, error) {
	s := &Spool{limit: memory}
	err := Walk(ctx, dial, func(it Item) error {
		if !keep(it.Key) {
			return nil
		}
		return s.add(it.Key)
	})
	if err == nil && s.out != nil {
		err = noFile(s.out.Flush())
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Spool) add(key []byte) error {
	s.Len++
	if s.out == nil {
		s.memory = append(binary.AppendUvarint(s.memory, uint64(len(key))), key...)
		if len(s.memory) < s.limit {
			return nil
		}
		return s.spill()
	}
	_, err := s.out.Write(append(binary.AppendUvarint(nil, uint64(len(key))), key...))
	return noFile(err)
}

// ErrNoFile is the error if a list does not fit into its memory, and cannot be written to a file. Ranges needs no
// file.
var ErrNoFile = errors.New("a list of many keys needs a temporary file")

func noFile(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w: make room in its folder and make it writable, or name another one as TMPDIR",
		ErrNoFile, err)
}

// spill creates the file. The keys in memory stay there.
func (s *Spool) spill() error {
	f, err := os.CreateTemp("", "magent-keys-")
	if err != nil {
		return noFile(err)
	}
	_ = os.Remove(f.Name()) // the file exists as long as it is open
	s.file, s.out = f, bufio.NewWriterSize(f, 1<<16)
	return nil
}

// Each calls f with each key, which is valid during the call. If f returns an error, Each ends and returns it.
func (s *Spool) Each(f func(key []byte) error) error {
	if err := each(bufio.NewReader(bytes.NewReader(s.memory)), f); err != nil || s.file == nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return each(bufio.NewReaderSize(s.file, 1<<16), f)
}

func each(in *bufio.Reader, f func(key []byte) error) error {
	var key []byte
	for {
		n, err := binary.ReadUvarint(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		key = append(key[:0], make([]byte, n)...)
		if _, err := io.ReadFull(in, key); err != nil {
			return err
		}
		if err := f(key); err != nil {
			return err
		}
	}
}

// Close closes the file and frees the memory.
func (s *Spool) Close() {
	s.memory = nil
	if s.file != nil {
		s.file.Close()
	}
}

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

// Spool is a list of keys, in memory or, when there are many, in a temporary file that has no name any more.
type Spool struct {
	Len int // keys

	memory []byte
	limit  int
	file   *os.File
	out    *bufio.Writer
}

// Collect lists the keys of a server that keep says yes to. What does not fit into so many bytes of memory goes to a file. It reads as fast as the server writes: a dump that is read slowly
// holds up whoever asks the server for another one (memcached 1.6.18: the whole worker thread that gets the request). The
// caller closes the Spool. Where the list is long and there is no room for a file the error is ErrNoFile.
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

// ErrNoFile: a list is too long for the memory that is meant for it, and cannot be put into a file. Ranges does without one.
var ErrNoFile = errors.New("a list of many keys needs a temporary file")

func noFile(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w: make room in its folder and make it writable, or name another one as TMPDIR", ErrNoFile, err)
}

// spill begins the file. What is in memory stays there.
func (s *Spool) spill() error {
	f, err := os.CreateTemp("", "magent-keys-")
	if err != nil {
		return noFile(err)
	}
	_ = os.Remove(f.Name()) // it lives for as long as it is open
	s.file, s.out = f, bufio.NewWriterSize(f, 1<<16)
	return nil
}

// Each calls f with every key, which is valid during the call. An error of f ends it and is returned.
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

// Close gives the file back.
func (s *Spool) Close() {
	s.memory = nil
	if s.file != nil {
		s.file.Close()
	}
}

package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// replay is the result of the records of one file.
type replay struct {
	servers map[uint32]*replayed
	numbers map[Server]uint32
}

// replayed is the result for one server.
type replayed struct {
	name     Server
	identity string
	loops    map[uint32]*share
}

// share is what one loop knew.
type share struct {
	keys            map[string]struct{}
	all, incomplete bool
}

func newReplay() *replay {
	return &replay{servers: map[uint32]*replayed{}, numbers: map[Server]uint32{}}
}

// read reads all records of a file. An error means that there were others, or may have been.
// What could be read is kept.
func (r *replay) read(in io.Reader) error {
	buffered := bufio.NewReaderSize(in, maxBody)
	ended, doubt := readHeader(buffered)
	if ended {
		return doubt
	}
	rec, at := &record{}, headerLen
	for {
		err := rec.read(buffered)
		if errors.Is(err, io.EOF) {
			return doubt
		}
		if err == nil {
			err = r.apply(rec)
		}
		if err != nil {
			return fmt.Errorf("byte %d: %w", at, err)
		}
		at += headLen + len(rec.body)
	}
}

// readHeader checks the header. ended says that nothing follows it; doubt is what is wrong with the file.
func readHeader(in io.Reader) (ended bool, doubt error) {
	var got [headerLen]byte
	n, err := io.ReadFull(in, got[:])
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return true, err
	case string(got[:n]) == header[:n]:
		return n < headerLen, nil // only a part of it: the process was killed before it had recorded anything
	case n < headerLen || string(got[:versionAt]) != header[:versionAt]:
		return true, errors.New("byte 0: this is not a journal")
	case got[versionAt] != header[versionAt]:
		return true, fmt.Errorf("byte %d: format %d, but this magent reads %d",
			versionAt, got[versionAt], header[versionAt])
	default:
		return false, fmt.Errorf("byte %d: %w", statusAt, errMissing)
	}
}

// apply applies one record.
func (r *replay) apply(rec *record) error {
	if rec.kind == isServer {
		return r.name(rec)
	}
	s := r.servers[rec.server]
	if s == nil {
		return errNumber
	}
	if len(rec.body) > 0 && rec.kind >= isAll && rec.kind <= isClean {
		return errShape
	}
	switch rec.kind {
	case isIdentity:
		s.identity = string(rec.body)
	case isDirty:
		s.share(rec.loop).dirty(rec.body)
	case isAll:
		*s.share(rec.loop) = share{all: true, incomplete: s.share(rec.loop).incomplete}
	case isIncomplete:
		s.share(rec.loop).incomplete = true
	case isClean:
		s.clean(rec.loop)
	default:
		return errKind
	}
	return nil
}

// name gives a server its number.
func (r *replay) name(rec *record) error {
	name, err := parseName(rec.body)
	if err != nil {
		return err
	}
	number, named := r.numbers[name]
	if s := r.servers[rec.server]; (named || s != nil) && (s == nil || s.name != name || number != rec.server) {
		return errRenamed
	}
	if !named {
		r.numbers[name] = rec.server
		r.servers[rec.server] = &replayed{name: name, loops: map[uint32]*share{}}
	}
	return nil
}

// share returns what a loop knows, which may be nothing yet.
func (s *replayed) share(loop uint32) *share {
	if s.loops[loop] == nil {
		s.loops[loop] = &share{}
	}
	return s.loops[loop]
}

// clean drops what one loop knew. After the last loop the outage is over, and its identity is dropped as well.
func (s *replayed) clean(loop uint32) {
	delete(s.loops, loop)
	if len(s.loops) == 0 {
		s.identity = ""
	}
}

func (s *share) dirty(key []byte) {
	if s.keys == nil {
		s.keys = map[string]struct{}{}
	}
	s.keys[string(key)] = struct{}{}
}

package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// replay is what the records of one file come to.
type replay struct {
	servers map[uint32]*replayed
	numbers map[Server]uint32
}

// replayed is what they say about one server.
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

// read takes all records of a file. An error means that there were others, or may have been; what could be read counts.
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

// readHeader says whether there is nothing to be read behind the header, and what speaks against the file.
func readHeader(in io.Reader) (ended bool, doubt error) {
	var got [headerLen]byte
	n, err := io.ReadFull(in, got[:])
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return true, err
	case string(got[:n]) == header[:n]:
		return n < headerLen, nil // a part of it: the process died before there was anything to record
	case n < headerLen || string(got[:versionAt]) != header[:versionAt]:
		return true, errors.New("byte 0: this is no journal")
	case got[versionAt] != header[versionAt]:
		return true, fmt.Errorf("byte %d: format %d, this magent reads %d", versionAt, got[versionAt], header[versionAt])
	default:
		return false, fmt.Errorf("byte %d: %w", statusAt, errMissing)
	}
}

// apply is one record's effect.
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

// share is what a loop knows, which may be nothing yet.
func (s *replayed) share(loop uint32) *share {
	if s.loops[loop] == nil {
		s.loops[loop] = &share{}
	}
	return s.loops[loop]
}

// clean forgets what one loop knew. With the last of them the outage is over, and with it the identity that it began with.
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

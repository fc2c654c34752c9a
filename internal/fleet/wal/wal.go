package wal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"magent/internal/fleet/durable"
	"magent/internal/journal"
)

// rewriteSize is how long the file gets before it is written anew.
const rewriteSize = 1 << 20

// Log is the file. It belongs to one goroutine, which may be another one than the core's: a write waits for the
// medium.
type Log struct {
	place journal.Place
	file  *os.File
	size  int64
	saved durable.State // what the file says
	bad   error         // it cannot be written any more
}

// Open reads what is there; a place without the file is that of a new member. The place has to be locked, by
// journal.Open. If the error wraps ErrDamaged, Discard makes way for a new beginning.
func Open(p journal.Place) (*Log, durable.State, error) {
	l := &Log{place: p}
	data, err := l.read()
	if err != nil {
		return nil, durable.State{}, l.unusable(err)
	}
	if data != nil {
		if l.saved, _, err = parse(data); err != nil {
			return nil, durable.State{}, fmt.Errorf(
				"--state-dir %s: %s: %w: the member joins as a new voter when it is removed", p.Dir,
				journal.FleetName, err)
		}
	}
	if err := l.rewrite(); err != nil {
		return nil, durable.State{}, l.unusable(err)
	}
	saved := l.saved
	return l, saved, nil
}

// Discard removes a damaged file, for Open to begin anew.
func Discard(p journal.Place) error { return os.Remove(filepath.Join(p.Dir, journal.FleetName)) }

func (l *Log) path() string { return filepath.Join(l.place.Dir, journal.FleetName) }

func (l *Log) unusable(err error) error {
	return fmt.Errorf("--state-dir %s cannot be used: %w: name a writable directory", l.place.Dir, err)
}

// read is the whole file, nil if there is none.
func (l *Log) read() ([]byte, error) {
	f, err := l.place.Open(l.path(), os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if data == nil {
		data = []byte{}
	}
	return data, err
}

// rewrite puts a file in the place of the old one that has what counts, and nothing else. At no time is there none.
func (l *Log) rewrite() error {
	s := &l.saved
	meta := s.Meta
	data, err := appendWrite([]byte(header), &durable.Write{
		Meta: &meta, Whole: true, Hard: s.Hard, Snapshot: s.Snapshot, Entries: s.Entries,
	})
	if err != nil {
		return err
	}
	path := l.path() + journal.NewSuffix
	_ = os.Remove(path) // of a process that died over it
	f, err := l.place.Create(path)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(path, l.path())
	}
	if err == nil {
		err = syncDir(l.place.Dir)
	}
	if err != nil {
		f.Close()
		return err
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file, l.size = f, int64(len(data))
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Append keeps writes, all or none of each, in order, and returns when they are as durable as they ask for. After
// an error nothing is kept any more, for what lies behind a write that failed cannot be relied upon: the member
// has to end.
func (l *Log) Append(writes []durable.Write) error {
	if l.bad != nil {
		return l.bad
	}
	var data []byte
	whole, sync := false, false
	for i := range writes {
		w := &writes[i]
		l.saved.Merge(w)
		whole, sync = whole || w.Whole, sync || w.Sync
		var err error
		if data, err = appendWrite(data, w); err != nil {
			return l.fail(err)
		}
	}
	if whole || l.size+int64(len(data)) > rewriteSize {
		return l.fail(l.rewrite())
	}
	n, err := l.file.WriteAt(data, l.size)
	l.size += int64(n)
	if err == nil && sync {
		err = l.file.Sync()
	}
	return l.fail(err)
}

func (l *Log) fail(err error) error {
	if err != nil {
		l.bad = fmt.Errorf("%s cannot be written: %w: make room, and start again", l.path(), err)
	}
	return l.bad
}

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }

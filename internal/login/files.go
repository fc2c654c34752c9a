package login

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

// maxFile is the largest size of a file of passwords in bytes.
const maxFile = 1 << 20

// File is a file of passwords, as it was read last. It is used by any goroutine.
type File struct{ users atomic.Pointer[Users] }

// Users returns what the file contained when it was read last.
func (f *File) Users() *Users { return f.users.Load() }

// Files are all files of passwords of a process, by their paths. They are used by any goroutine.
type Files struct {
	mu    sync.Mutex
	files map[string]*File
}

// Read reads a file. An error names it.
func Read(path string) (*Users, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxFile {
		err = fmt.Errorf("%s: it has more than %d bytes: is it a file of passwords?", path, maxFile)
	}
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	u, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return u, nil
}

// Open reads a file that is not known yet. Without a path it returns nil.
func (s *Files) Open(path string) (*File, error) {
	if path == "" {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.files[path]; f != nil {
		return f, nil
	}
	u, err := Read(path)
	if err != nil {
		return nil, err
	}
	f := &File{}
	f.users.Store(u)
	if s.files == nil {
		s.files = map[string]*File{}
	}
	s.files[path] = f
	return f, nil
}

// Of returns a file that has been opened; nil without a path.
func (s *Files) Of(path string) *File {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files[path]
}

// Renew reads all files again. If one cannot be read, all stay as they were, and the error names it.
func (s *Files) Renew() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	users := map[*File]*Users{}
	for path, f := range s.files {
		u, err := Read(path)
		if err != nil {
			return err
		}
		users[f] = u
	}
	for f, u := range users {
		f.users.Store(u)
	}
	return nil
}

// Any reports whether there are files.
func (s *Files) Any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.files) > 0
}

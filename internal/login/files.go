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

// Use has the files be as they were read, by their paths, and forgets others.
func (s *Files) Use(read map[string]*Users) {
	s.mu.Lock()
	defer s.mu.Unlock()
	files := map[string]*File{}
	for path, u := range read {
		f := s.files[path]
		if f == nil {
			f = &File{}
		}
		f.users.Store(u)
		files[path] = f
	}
	s.files = files
}

// Of returns a file that is in use; else nil.
func (s *Files) Of(path string) *File {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files[path]
}

// Any reports whether there are files.
func (s *Files) Any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.files) > 0
}

// Add has files be known as well that were not there yet. The others stay as they are.
func (s *Files) Add(read map[string]*Users) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files == nil {
		s.files = map[string]*File{}
	}
	for path, u := range read {
		if s.files[path] == nil {
			s.files[path] = &File{}
			s.files[path].users.Store(u)
		}
	}
}

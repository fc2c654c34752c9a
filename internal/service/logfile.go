package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"

	"golang.org/x/sys/unix"
)

// logFile is a file that is appended to, and that can be reopened concurrently. The log's goroutine writes to it, and
// the signal loop reopens it.
type logFile struct {
	path, flag string
	mode       os.FileMode
	mu         sync.Mutex
	f          *os.File
}

func openLogFile(path, flag string, mode os.FileMode) (*logFile, error) {
	l := &logFile{path: path, flag: flag, mode: mode}
	if err := l.reopen(); err != nil {
		return nil, err
	}
	return l, nil
}

// reopen keeps the old file if the new one cannot be opened. What the runtime prints when the process crashes goes to
// the file as well, because a daemon has no stderr.
func (l *logFile) reopen() error {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, l.mode)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return fmt.Errorf("%s %s: %w: name a file in an existing, writable folder", l.flag, l.path, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f != nil {
		l.f.Close()
	}
	l.f = f
	return debug.SetCrashOutput(f, debug.CrashOptions{})
}

// Write appends one line.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.f.Write(p)
}

// checkFolder reports that the process, which is not root any more, could not open the file again after it has been
// moved away. nil, a terminal and a pipe are never moved.
func (l *logFile) checkFolder() error {
	if l == nil {
		return nil
	}
	if info, err := l.f.Stat(); err != nil || !info.Mode().IsRegular() {
		return err
	}
	folder := filepath.Dir(l.path)
	if err := unix.Faccessat(unix.AT_FDCWD, folder, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return fmt.Errorf("%s %s: the user of -u cannot write to %s (%w), so the log could not be opened again "+
			"after it was rotated: name a file in a folder of that user", l.flag, l.path, folder, err)
	}
	return nil
}

func (l *logFile) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	debug.SetCrashOutput(nil, debug.CrashOptions{})
	l.f.Close()
}

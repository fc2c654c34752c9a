package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// pidFile holds the number of the running process, and is locked while that runs.
type pidFile struct {
	path string
	f    *os.File
}

// createPidFile refuses a file whose process is still running. If path is empty it returns nil, which remove accepts.
func createPidFile(path, flag string) (*pidFile, error) {
	if path == "" {
		return nil, nil
	}
	f, err := openPidFile(path, flag)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		other := make([]byte, 20)
		n, _ := f.ReadAt(other, 0)
		f.Close()
		return nil, fmt.Errorf("%s %s: process %s is using it: stop that one, or choose another file",
			flag, path, strings.TrimSpace(string(other[:n])))
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s %s cannot be written: %w", flag, path, err)
	}
	return &pidFile{path, f}, nil
}

// checkPidFile reports why this process could not use the file, even when the process that has it has ended.
func checkPidFile(path, flag string) error {
	if path == "" {
		return nil
	}
	f, err := openPidFile(path, flag)
	if err != nil {
		return err
	}
	return f.Close()
}

// openPidFile opens the file for overwriting. It must be a regular file with a single name, and hold a number or
// nothing. A typing error in the name must not destroy another file.
func openPidFile(path, flag string) (*os.File, error) {
	f, err := open(path)
	if err == nil {
		return f, nil
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return nil, fmt.Errorf("%s %s: %w: name a file in an existing, writable folder", flag, path, err)
}

func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o644)
	if errors.Is(err, unix.ELOOP) {
		return nil, errors.New("it is a symbolic link")
	}
	if err != nil {
		return nil, err
	}
	if err := isPidFile(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func isPidFile(f *os.File) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return err
	}
	first := make([]byte, 1)
	n, _ := f.ReadAt(first, 0)
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return errors.New("it is not a regular file")
	case st.Nlink > 1:
		return errors.New("it has another name as well (a hard link)")
	case st.Size > longestPidFile || n > 0 && (first[0] < '0' || first[0] > '9'):
		return errors.New("it is not a pid file, so it is not overwritten")
	}
	return nil
}

// longestPidFile is larger than any pid file.
const longestPidFile = 64

// remove deletes the file if it still is this process's. If the folder belongs to root and the process is no longer
// root, it empties the file instead.
func (p *pidFile) remove() {
	if p == nil || p.f == nil {
		return
	}
	named, err1 := os.Lstat(p.path)
	opened, err2 := p.f.Stat()
	if err1 != nil || err2 != nil || !os.SameFile(named, opened) || os.Remove(p.path) != nil {
		p.f.Truncate(0)
	}
	p.f.Close()
}

// release leaves the file to another process.
func (p *pidFile) release() {
	if p != nil {
		p.f.Close()
		p.f = nil
	}
}

// RunningProcess returns the number of the process that holds the lock of a pid file.
func RunningProcess(path string) (pid int, err error) {
	f, err := os.Open(path)
	if err != nil {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return 0, fmt.Errorf("%w: no process has been started with it", err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB); err == nil {
		return 0, errors.New("no process is using it")
	}
	text := make([]byte, 20)
	n, _ := f.ReadAt(text, 0)
	pid, err = strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil || pid < 2 {
		return 0, fmt.Errorf("%q is not a process number", text[:n])
	}
	return pid, nil
}

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

// pidFile holds the number of the running process, and a lock for as long as that runs.
type pidFile struct {
	path string
	f    *os.File
}

// createPidFile refuses a file whose process still runs. An empty path gives nil, which remove accepts.
func createPidFile(path, flag string) (*pidFile, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return nil, fmt.Errorf("%s %s: %w: name a file in a folder that exists and may be written to", flag, path, err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		other := make([]byte, 20)
		n, _ := f.ReadAt(other, 0)
		f.Close()
		return nil, fmt.Errorf("%s %s: process %s runs with it: stop that one, or choose another file",
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

// remove deletes the file, or at least empties it where the folder belongs to root and the process no longer does.
func (p *pidFile) remove() {
	if p == nil || p.f == nil {
		return
	}
	if os.Remove(p.path) != nil {
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

// RunningProcess is the number of the process that runs with a pid file: that holds its lock.
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
		return 0, errors.New("no process runs with it")
	}
	text := make([]byte, 20)
	n, _ := f.ReadAt(text, 0)
	pid, err = strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil || pid < 2 {
		return 0, fmt.Errorf("%q is no process number", text[:n])
	}
	return pid, nil
}

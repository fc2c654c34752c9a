package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// Files that root creates are transferred to the user that the process becomes: sockets, the log, the pid file, the
// journal. Each is transferred by its descriptor, and only if nothing else is transferred with it. In a folder that
// others may write to, a name may lead elsewhere by the time it is used.

// errForeign: root does not transfer files of a third user.
var errForeign = errors.New("it belongs to somebody else: name another one, or change its owner")

// Give transfers a file to the user if it belongs to root. The file has to be a folder, a regular file or a socket,
// with a single name. If the process is not root any more, Give only checks that the file belongs to the user.
func (c *Credentials) Give(f *os.File) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return err
	}
	is := func(want int, got uint32) bool { return want < 0 || uint32(want) == got }
	kind := st.Mode & unix.S_IFMT
	switch {
	case is(c.uid, st.Uid) && is(c.gid, st.Gid):
		return nil
	case os.Geteuid() != 0:
		return unix.EPERM
	case kind != unix.S_IFDIR && kind != unix.S_IFREG && kind != unix.S_IFSOCK:
		return errors.New("it is neither a regular file nor a folder nor a socket")
	case kind != unix.S_IFDIR && st.Nlink != 1:
		return errors.New("it has another name as well (a hard link): remove it")
	case st.Uid != 0 && !is(c.uid, st.Uid):
		return errForeign
	}
	return unix.Fchownat(int(f.Fd()), "", c.uid, c.gid, unix.AT_EMPTY_PATH)
}

// giver returns Give, or nil if there is no user to transfer files to.
func (c *Credentials) giver() func(*os.File) error {
	if os.Geteuid() != 0 || c.uid < 0 && c.gid < 0 {
		return nil
	}
	return c.Give
}

// giveAll transfers what the process has created at its start, except for sockets that somebody else has made. A log
// that may not be transferred is only a warning: it cannot be reopened.
func giveAll(c *Credentials, pid *pidFile, log *Log, sockets, foreign []string) (warnings []string, err error) {
	give := c.giver()
	if give == nil {
		return nil, nil
	}
	if pid != nil && pid.f != nil {
		if err := give(pid.f); err != nil {
			return nil, fmt.Errorf("%s cannot be given to the user of -u: %w", pid.path, err)
		}
	}
	if log.file != nil {
		if err := log.file.give(give); err != nil {
			warnings = append(warnings, fmt.Sprintf(
				"%s is not given to the user of -u, and cannot be reopened on SIGHUP: %v", log.file.path, err))
		}
	}
	for _, path := range sockets {
		if slices.Contains(foreign, path) {
			continue
		}
		if err := giveSocket(give, path); err != nil {
			return nil, fmt.Errorf("%s cannot be given to the user of -u: %w", path, err)
		}
	}
	return warnings, nil
}

// giveSocket transfers the unix socket at path, if there is one.
func giveSocket(give func(*os.File) error, path string) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Mode()&fs.ModeSocket == 0 {
		err = errors.New("something else has taken its place")
	}
	if err != nil {
		return err
	}
	return give(f)
}

// give transfers the log if it is a file with a single name. A log may as well be a terminal, or a link to
// the log of another program.
func (l *logFile) give(give func(*os.File) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	named, err := os.Lstat(l.path)
	if err != nil {
		return err
	}
	opened, err := l.f.Stat()
	switch {
	case err != nil:
		return err
	case !opened.Mode().IsRegular():
		return nil // a terminal, or a pipe
	case !os.SameFile(named, opened):
		return errors.New("it is a symbolic link")
	}
	return give(l.f)
}

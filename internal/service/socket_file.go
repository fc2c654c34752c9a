package service

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// ErrForeignGone is why a socket that another program has made is not bound anew: that program will use it again.
var ErrForeignGone = errors.New("its file is gone, and it was given to this process: restart its .socket unit")

// SocketFile tells the file of a unix socket from another one that takes its place. The zero value stands for none.
type SocketFile struct {
	path         string
	major, minor uint32 // of the file system
	inode        uint64 // 0: there was none at path
	born         unix.StatxTimestamp
}

// SocketFileAt returns the file at path, to which a socket is bound. It is the zero value if the system does not say,
// and if there is none of a socket that is foreign: the program that has made it may have another view of the files.
func SocketFileAt(path string, foreign bool) SocketFile {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &st)
	switch {
	case !foreign && (errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR)):
		return SocketFile{path: path}
	case err != nil:
		return SocketFile{}
	}
	f := SocketFile{path, st.Dev_major, st.Dev_minor, st.Ino, st.Btime} // inode numbers are used again
	if st.Mask&unix.STATX_BTIME == 0 {
		f.born = st.Mtime
	}
	return f
}

// Lost reports whether the file is gone, or another one has its place: no client finds the socket there.
func (f SocketFile) Lost() bool {
	return f.path != "" && (f.inode == 0 || SocketFileAt(f.path, false) != f)
}

// Remove removes the file, unless another one has its place.
func (f SocketFile) Remove() {
	if f.path != "" && !f.Lost() {
		_ = os.Remove(f.path)
	}
}

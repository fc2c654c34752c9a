package backend

import (
	"errors"

	"golang.org/x/sys/unix"

	"magent/internal/loop"
)

// AppendErrno appends why a request was not answered, in the words of the C library (strerror). So twemproxy says it,
// and programs compare these words. An err of nil is that of a server which was never connected to. Errors that
// twemproxy cannot have keep their own words.
func AppendErrno(dst []byte, err error) []byte {
	var errno unix.Errno
	switch {
	case err == nil:
		errno = unix.ECONNREFUSED
	case errors.Is(err, ErrClosed):
		return append(dst, "unknown"...)
	case errors.Is(err, ErrTimeout), errors.Is(err, ErrConnect):
		errno = unix.ETIMEDOUT
	case errors.Is(err, ErrGarbage), errors.Is(err, ErrUnasked), errors.Is(err, ErrTooLarge):
		errno = unix.EINVAL
	case errors.Is(err, ErrMoved), errors.Is(err, ErrReplaced):
		errno = unix.ECONNRESET
	case errors.Is(err, loop.ErrNoAddress):
		errno = unix.EHOSTDOWN
	case !errors.As(err, &errno):
		return append(dst, err.Error()...)
	}
	text := errno.Error() // the same words, but the first letter is small
	if c := text[0]; 'a' <= c && c <= 'z' {
		return append(append(dst, c-'a'+'A'), text[1:]...)
	}
	return append(dst, text...)
}

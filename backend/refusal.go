package backend

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrPassword: a memcached that was started with -Y answers every command so until somebody has said a password, and the
// text protocol has no other word for it. No request is sent to it: a client would take the answer for its own fault.
var ErrPassword = errors.New("the server wants a password (memcached -Y), which cannot be given: start it without -Y")

// ErrRefused: the server let the connection in to say why it is of no use. What it said follows.
var ErrRefused = errors.New("the server refuses connections")

// Refusal is why a memcached cannot be used that answers the first command of a connection with this line; nil: it can. One that
// has no connection left says ERROR and a reason, unasked, and closes. ERROR alone means that it does not know the command.
func Refusal(line []byte) error {
	said := bytes.TrimRight(line, "\r\n")
	switch {
	case bytes.HasPrefix(said, []byte("CLIENT_ERROR unauthenticated")):
		return ErrPassword
	case bytes.HasPrefix(said, []byte("ERROR ")):
		return fmt.Errorf("%w: %q", ErrRefused, said)
	}
	return nil
}

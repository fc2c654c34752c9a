package hello

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrPassword: a memcached that was started with -Y answers every command with this until the client has
// authenticated. It gets no requests: a client would take the answer for its own fault.
var ErrPassword = errors.New(
	"the server wants a password (memcached -Y): name the file that has it with --server-auth-file")

// ErrRefused: the server accepted the connection only to say why it cannot be used. Its words follow.
var ErrRefused = errors.New("the server refuses connections")

// Refusal returns why a memcached that answers the first command of a connection with this line cannot be used, or
// nil if it can. A server at its limit of connections sends ERROR and a reason, unasked, and closes. ERROR alone
// means that it does not know the command.
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

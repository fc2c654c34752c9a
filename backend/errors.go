package backend

import (
	"errors"
	"fmt"

	"magent/backend/hello"
	"magent/internal/loop"
)

// Why requests are not answered.
var (
	ErrTimeout  = errors.New("no reply in time")
	ErrConnect  = errors.New("no connection in time")
	ErrGarbage  = hello.ErrGarbage
	ErrUnasked  = hello.ErrUnasked
	ErrClosed   = errors.New("the server closed the connection")
	ErrRefill   = errors.New("it lacks what its other copies have, and is filled from them")
	ErrMoved    = errors.New("its name has another address now")
	ErrReplaced = errors.New("another server is the master now")
	ErrShutdown = errors.New("shutting down")
)

// ErrHandshake is ErrConnect where the server has not gone on with a TLS handshake.
var ErrHandshake = fmt.Errorf("%w: the server does not go on with the TLS handshake: does it speak TLS?", ErrConnect)

// unresolved is why the look-up of a server's name has failed. It is loop.ErrNoAddress, with the words of the look-up.
type unresolved struct{ error }

func (unresolved) Is(target error) bool { return target == loop.ErrNoAddress }
func (u unresolved) Unwrap() error      { return u.error }

// ErrForbidden: the Permit has forbidden to write.
var ErrForbidden = errors.New("another member of the fleet may decide by now")

// Why requests to an owner are not answered, and why connections to owners end.
var (
	ErrNobody   = errors.New("no member decides at present, and this was not carried out")
	ErrUnknown  = errors.New("the member that decides did not answer: it is unknown whether this was carried out")
	ErrUnread   = errors.New("the member that decides did not answer")
	ErrReturned = errors.New("it decides no more")
	ErrOwner    = errors.New("another member decides now")
)

var (
	// ErrValueRefused: a server that refuses a line reads the value behind it as commands, and answers each of them.
	ErrValueRefused = errors.New("it refused a request that has a value, and may take the value for commands")
	// ErrWrongKey: the reply belongs to another request.
	ErrWrongKey = errors.New("a reply with another key than was asked for")
)

package cause

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
)

func TestOf(t *testing.T) {
	refused := os.NewSyscallError("connect", syscall.ECONNREFUSED)
	name := &net.DNSError{Err: "no such host", Name: "a", Server: "10.0.0.53:53", IsNotFound: true}
	silent := &net.DNSError{Err: "i/o timeout", Name: "a", Server: "10.0.0.53:53", IsTimeout: true}
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	get := func(err error) error { return &url.Error{Op: "Get", URL: "http://localhost/", Err: err} }
	malformed := errors.New(`net/http: HTTP/1.x transport connection broken: malformed HTTP status code "world"`)
	other := errors.New("something else")
	for _, c := range []struct {
		err  error
		want string
		is   error // that errors.Is finds in the result
	}{
		{dial(refused), "connect: connection refused", syscall.ECONNREFUSED},
		{get(dial(refused)), "connect: connection refused", syscall.ECONNREFUSED},
		{dial(name), "lookup a: no such host", nil},
		{get(fmt.Errorf("first: %w", dial(name))), "lookup a: no such host", nil},
		{dial(silent), "lookup a: no answer from the name server", nil},
		{dial(os.ErrDeadlineExceeded), "no answer in time", os.ErrDeadlineExceeded},
		{get(context.DeadlineExceeded), "no answer in time", context.DeadlineExceeded},
		{get(io.EOF), "it closed the connection", io.EOF},
		{io.ErrUnexpectedEOF, "it closed the connection", io.ErrUnexpectedEOF},
		{bufio.ErrBufferFull, "a line that it sent has no end", bufio.ErrBufferFull},
		{get(malformed), "it does not speak HTTP", malformed},
		{get(other), "something else", other},
		{other, "something else", other},
	} {
		got := Of(c.err)
		if got.Error() != c.want {
			t.Errorf("%v: got %q, want %q", c.err, got, c.want)
		}
		if c.is != nil && !errors.Is(got, c.is) {
			t.Errorf("%v: %q is not %v", c.err, got, c.is)
		}
	}
	if name.Server == "" {
		t.Error("the error that was given has changed")
	}
	if Of(nil) != nil {
		t.Error("no error became one")
	}
	var found *net.DNSError
	if !errors.As(Of(dial(name)), &found) || !found.IsNotFound {
		t.Error("it is not known any more that the name was not found")
	}
}

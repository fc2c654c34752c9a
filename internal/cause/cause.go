// Package cause puts errors of the network and of TLS, as Go's packages have them, into words for users.
package cause

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
)

// Of returns why something failed at an address, which the caller names: without what was tried, the address and the
// name server. An operator would take the latter for the server that is not found. Other errors stay as they are, and
// so do those that are in words already.
func Of(err error) error { return of(err, server) }

// OfClient is Of for a connection that a client has made to us.
func OfClient(err error) error { return of(err, client) }

func of(err error, p peer) error {
	if errors.As(err, new(*worded)) {
		return err
	}
	var ofURL *url.Error
	var ofNet *net.OpError
	var name *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &name):
		return lookup(name)
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return &worded{text: "no answer in time", err: err}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &worded{text: "it closed the connection", err: err}
	case errors.Is(err, bufio.ErrBufferFull):
		return &worded{text: "a line that it sent has no end", err: err}
	case NotHTTP(err):
		return &worded{text: "it does not speak HTTP", err: err}
	case ofTLS(err, p) != nil:
		return ofTLS(err, p)
	case errors.As(err, &ofNet):
		return ofNet.Err
	case errors.As(err, &ofURL):
		return ofURL.Err
	}
	return err
}

// lookup returns a *net.DNSError that says only what was looked up, and why it was not found.
func lookup(err *net.DNSError) error {
	plain := *err
	plain.Server = ""
	if plain.IsTimeout {
		plain.Err = "no answer from the name server"
	}
	return &plain
}

// NotHTTP reports whether what answered a request does not speak HTTP. net/http has no type for that.
func NotHTTP(err error) bool { return err != nil && strings.Contains(err.Error(), "malformed HTTP") }

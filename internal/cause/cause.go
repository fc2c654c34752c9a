// Package cause puts errors of the network, as Go's packages have them, into words for users.
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

// worded is an error in our words. errors.Is and errors.As find the one behind it.
type worded struct {
	text string
	err  error
}

func (w *worded) Error() string { return w.text }

func (w *worded) Unwrap() error { return w.err }

// Of returns why something failed at an address, which the caller names: without what was tried, the address and the
// name server. An operator would take the latter for the server that is not found. Other errors stay as they are.
func Of(err error) error {
	var ofURL *url.Error
	var ofNet *net.OpError
	var name *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &name):
		return lookup(name)
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return &worded{"no answer in time", err}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &worded{"it closed the connection", err}
	case errors.Is(err, bufio.ErrBufferFull):
		return &worded{"a line that it sent has no end", err}
	case err != nil && strings.Contains(err.Error(), "malformed HTTP"): // net/http has no type for it
		return &worded{"it does not speak HTTP", err}
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

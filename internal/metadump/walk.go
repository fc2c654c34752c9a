package metadump

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"magent/internal/pause"
)

// ErrUnsupported is the error if the server cannot list its keys. It is older than memcached 1.4.31, runs with
// -o no_lru_crawler, or is not a memcached.
var ErrUnsupported = errors.New("the server does not list its keys")

// errBusy is the error if another dump is under way, or the server's hash table is being enlarged. Both will end.
var errBusy = errors.New("the server is busy with another dump")

// Silence is how long a server may send nothing before it counts as failed.
const Silence = 30 * time.Second

// impatient is a connection on which a read fails if nothing arrives for Silence.
type impatient struct{ net.Conn }

// Read implements net.Conn. A connection that takes no deadline has ended, and Read says how.
func (c impatient) Read(p []byte) (int, error) {
	_ = c.SetReadDeadline(time.Now().Add(Silence))
	return c.Conn.Read(p)
}

// request asks for the items of all slab classes. "hash" instead of "all" would list each item exactly once, in the
// order of the hash table. But then memcached (1.6.18) holds the lock of a part of the table while it waits for us to
// read. Every client that asks for a key of that part would hang, and so would the worker thread that serves it. With
// "all" memcached holds no lock.
const request = "lru_crawler metadump all\r\n"

const (
	firstPause = 100 * time.Millisecond // the first pause before a busy server is asked again; later ones are longer
	lastPause  = time.Second            // the longest pause
	lineRoom   = 16 << 10               // a line has about 900 bytes at most: a key of 250, each as %XX, and fields
)

// Dialer connects to the server.
type Dialer func(ctx context.Context) (net.Conn, error)

// Walk calls f with each item of the server that has not expired. Items that are stored or deleted during the walk may
// be listed or not.
//
// An item may also be missed or listed twice because memcached moves it between its lists. This happens to one in ten
// thousand of the items that were stored in the last seconds, and to items that clients read. One that is read for the
// second time may be missed by all walks of the next second, until it has been moved. (Backups are not read, so their
// lists are nearly complete.)
//
// f may be slow: the server waits for it and still serves its clients. (memcached gives up a dump after half an hour
// without reading.) If f returns an error, Walk ends and returns it. A busy server is asked again until ctx is done.
// When ctx is done, the connection is closed at once. A server that sends nothing for Silence has failed.
func Walk(ctx context.Context, dial Dialer, f func(Item) error) error {
	for pauses := pause.NewBackoff(firstPause, lastPause); ; {
		err := walkOnce(ctx, dial, f)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !errors.Is(err, errBusy):
			return err
		}
		if err := pauses.Wait(ctx); err != nil {
			return err
		}
	}
}

// walkOnce makes one dump, on a new connection: memcached refuses a dump if other commands are pending before it.
func walkOnce(ctx context.Context, dial Dialer, f func(Item) error) error {
	conn, end, err := connect(ctx, dial)
	if err != nil {
		return err
	}
	defer end()
	if _, err := io.WriteString(conn, request); err != nil {
		return err
	}
	return read(bufio.NewReaderSize(conn, lineRoom), f)
}

// connect returns a connection that is closed when ctx is done, by another goroutine. The caller must call end when it
// does not need the connection any more.
func connect(ctx context.Context, dial Dialer) (_ net.Conn, end func(), err error) {
	conn, err := dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	return impatient{conn}, func() { stop(); _ = conn.Close() }, nil
}

// read calls f with each item up to END. memcached 1.6.43 and later send OK before the first item. A refusal can only
// come before the first item.
func read(r *bufio.Reader, f func(Item) error) error {
	var agreed, begun bool
	for {
		line, err := r.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return unreadable(line)
		case errors.Is(err, io.EOF):
			return fmt.Errorf("the dump ended before its END: %w", io.ErrUnexpectedEOF)
		case err != nil:
			return fmt.Errorf("the dump ended before its END: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case string(line) == "END":
			return nil
		case string(line) == "OK" && !agreed && !begun:
			agreed = true
			continue
		case !begun && !bytes.HasPrefix(line, []byte("key=")):
			return refusal(line)
		}
		begun = true
		it, err := parseItem(line)
		if err != nil {
			return err
		}
		if err := f(it); err != nil {
			return err
		}
	}
}

// refusal returns the error for a reply that is not a dump.
func refusal(line []byte) error {
	word, rest, _ := bytes.Cut(line, []byte(" "))
	switch {
	case string(word) == "BUSY", bytes.HasPrefix(rest, []byte("locked try again")):
		return errBusy
	case string(word) == "ERROR" && bytes.HasPrefix(rest, []byte("Too many open connections")):
		return fmt.Errorf("the server says %q", line)
	case string(word) == "ERROR", string(word) == "CLIENT_ERROR", string(word) == "BADCLASS":
		return fmt.Errorf("%w: it says %q", ErrUnsupported, line)
	}
	return fmt.Errorf("the server says %.100q", line)
}

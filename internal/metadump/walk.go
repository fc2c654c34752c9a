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

// ErrUnsupported: the server cannot list its keys. It is older than memcached 1.4.31, runs with -o no_lru_crawler, or is
// something else.
var ErrUnsupported = errors.New("the server does not list its keys")

// errBusy: another dump is under way, or the hash table is being enlarged. It passes.
var errBusy = errors.New("the server is busy with another dump")

// Silence is how long a server may say nothing while it is asked for its keys.
const Silence = 30 * time.Second

// impatient is a connection on which a read fails when nothing comes for Silence.
type impatient struct{ net.Conn }

// Read implements net.Conn.
func (c impatient) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(Silence)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// request asks for the items of all slab classes. There is "hash" in place of "all", which goes along the hash table and sees
// each item exactly once; but then memcached (1.6.18) holds the lock of a piece of the table while it waits for us to
// read, and every client that asks for a key of that piece hangs, with the whole thread that serves it. With "all" it holds
// none.
const request = "lru_crawler metadump all\r\n"

const (
	firstPause = 100 * time.Millisecond // before a busy server is asked again; it grows
	lastPause  = time.Second
	lineRoom   = 16 << 10 // a line has at most some 900 bytes: a key of 250, each byte as %XX, and the fields
)

// Dialer connects to the server.
type Dialer func(ctx context.Context) (net.Conn, error)

// Walk calls f with the items that the server holds, expired ones apart. What is stored or deleted meanwhile may be seen or
// not. An item may be missed, or seen twice, when memcached moves it between its lists meanwhile: one in ten thousand of those
// that were stored in the last seconds, and those that clients read. (Backups are not read, so their walks are nearly complete.) f may take its time: the server then waits, and goes on serving its clients (memcached gives up on a
// dump that nobody reads for half an hour). An error of f ends the walk and is returned. A server that is busy is asked again
// until ctx is done. When ctx is done the connection is closed at once. A server that says nothing for Silence has failed.
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

// walkOnce is one dump on a connection of its own: memcached refuses to begin one behind other commands.
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

// connect makes a connection that the end of ctx closes, from another goroutine. end is to be called when it is not needed any more.
func connect(ctx context.Context, dial Dialer) (_ net.Conn, end func(), err error) {
	conn, err := dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	return impatient{conn}, func() { stop(); _ = conn.Close() }, nil
}

// read calls f with every item up to END. memcached 1.6.43 and later say OK before the first one, older ones do not. A
// refusal can only stand before the first item.
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

// refusal is the error for a reply that is no dump.
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

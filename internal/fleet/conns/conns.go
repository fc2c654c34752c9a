// Package conns finds out who is connected to a memcached. It tells the successor of a dead owner when nothing of
// the dead one can come any more.
//
// memcached lists its connections (stats conns). It executes what lies in a connection's socket even after its
// sender has died, and lists the connection until it has read that, and its end. So an address that is not listed
// brings nothing any more.
package conns

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
)

// ErrHidden is the error about a server that answers, but of which nobody can say who is connected. It is older than
// stats conns (memcached 1.4.22), it is asked through a unix socket, or something between hides addresses.
var ErrHidden = errors.New("the server does not say who is connected")

// maxList is how long a list is at most: memcached has 65535 connections, or fewer, and writes four lines for each.
const maxList = 32 << 20

// Dialer connects to the server.
type Dialer func(ctx context.Context) (net.Conn, error)

// List asks a server who is connected to it, on a connection of its own. The addresses are in the form that Own has.
// The connection itself is not among them, but it is looked for: whoever does not find it does not see the others
// either. Without an error, an address that is missing was connected at no time since the question was sent. When the
// time of ctx is up the error is context.DeadlineExceeded.
func List(ctx context.Context, dial Dialer) (addresses []string, err error) {
	conn, err := dial(ctx)
	if errors.Is(err, os.ErrDeadlineExceeded) { // that of the socket, which net takes from ctx, may come first
		err = context.DeadlineExceeded
	}
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if _, err = io.WriteString(conn, "stats conns\r\n"); err == nil {
		addresses, err = read(io.LimitReader(conn, maxList), Own(conn))
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return addresses, err
}

// Own is the address by which a server lists a connection of this process; empty: it is no TCP connection.
func Own(conn net.Conn) string {
	a, ok := conn.LocalAddr().(*net.TCPAddr)
	if !ok {
		return ""
	}
	return Form(a.AddrPort())
}

// Form is that of an address here, whichever way a server writes it.
func Form(a netip.AddrPort) string {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port()).String()
}

func read(r io.Reader, own string) (addresses []string, err error) {
	found := false
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := strings.TrimSuffix(lines.Text(), "\r")
		switch rest, isStat := strings.CutPrefix(line, "STAT "); {
		case line == "END" && found:
			return addresses, nil
		case line == "END" || line == "ERROR":
			return nil, ErrHidden
		case !isStat:
			return nil, fmt.Errorf("the answer to stats conns has a line %.80q", line)
		default:
			address := client(rest)
			if address == own && own != "" {
				found = true
			} else if address != "" {
				addresses = append(addresses, address)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return nil, io.ErrUnexpectedEOF
}

// client reads "24:addr tcp:127.0.0.1:54504", or tcp6:[...]:PORT. Empty: the line says something else. An address
// that is none of a client is there, too: that on which memcached listens.
func client(stat string) string {
	name, value, _ := strings.Cut(stat, " ")
	if _, kind, _ := strings.Cut(name, ":"); kind != "addr" {
		return ""
	}
	_, value, _ = strings.Cut(value, ":")
	a, err := netip.ParseAddrPort(value)
	if err != nil {
		return ""
	}
	return Form(a)
}

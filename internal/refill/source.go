package refill

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"magent/failover"
	"magent/internal/access"
	"magent/internal/loop"
	"magent/internal/metadump"
)

// Source is a server whose keys are listed.
type Source struct {
	Find   func(ctx context.Context) ([]loop.Endpoint, error)
	Access access.Dialer     // how the server is spoken to
	Only   failover.Identity // if set, the server must have this identity; otherwise dial fails
}

// dial connects to the first address of the server that works.
func (s Source) dial(ctx context.Context) (net.Conn, error) {
	addrs, err := s.Find(ctx)
	if err != nil {
		return nil, err
	}
	err = loop.ErrNoAddress
	for _, e := range addrs {
		var c net.Conn
		dialer := &net.Dialer{Timeout: metadump.Silence}
		if c, err = s.Access.Dial(ctx, dialer, e.Network(), e.String(), metadump.Silence); err != nil {
			continue
		}
		if err = s.check(ctx, c); err == nil {
			return c, nil
		}
		c.Close()
	}
	return nil, err
}

// check returns an error if the server at the other end of a new connection does not have the identity Only.
func (s *Source) check(ctx context.Context, c net.Conn) error {
	if s.Only == (failover.Identity{}) {
		return nil
	}
	g, err := Greet(ctx, c)
	if err == nil && g.Identity != s.Only {
		err = fmt.Errorf("another server answers there now: %v instead of %v", g.Identity, s.Only)
	}
	return err
}

// Greet asks the server at the other end of a new connection who it is. The connection is closed when ctx is done.
func Greet(ctx context.Context, c net.Conn) (g failover.Greeting, err error) {
	defer context.AfterFunc(ctx, func() { c.Close() })()
	if err := c.SetReadDeadline(time.Now().Add(metadump.Silence)); err != nil {
		return g, err
	}
	if _, err := io.WriteString(c, "stats\r\n"); err != nil {
		return g, err
	}
	var reply []byte
	for part := make([]byte, 4096); !bytes.HasSuffix(reply, []byte("END\r\n")); {
		n, err := c.Read(part)
		if err != nil {
			return g, fmt.Errorf("stats: %w", err)
		}
		if reply = append(reply, part[:n]...); len(reply) > maxStats {
			return g, fmt.Errorf("stats: the reply has no end: %.100q", reply)
		}
	}
	return failover.ReadGreeting(reply), nil
}

// maxStats bounds the reply to stats, in bytes. Real ones are much smaller.
const maxStats = 64 << 10

package refill

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"magent/failover"
	"magent/internal/login"
	"magent/internal/loop"
	"magent/internal/metadump"
)

// Source is a server whose keys are listed.
type Source struct {
	Find func(ctx context.Context) ([]loop.Endpoint, error)
	Told *login.File       // what the server is told first; nil: nothing
	Only failover.Identity // if set, the server must have this identity; otherwise dial fails
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
		if c, err = (&net.Dialer{Timeout: metadump.Silence}).DialContext(ctx, e.Network(), e.String()); err != nil {
			continue
		}
		if err = s.Told.Say(ctx, c, metadump.Silence); err == nil {
			err = s.check(ctx, c)
		}
		if err == nil {
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
	defer context.AfterFunc(ctx, func() { c.Close() })()
	if err := c.SetReadDeadline(time.Now().Add(metadump.Silence)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "stats\r\n"); err != nil {
		return err
	}
	var reply []byte
	for part := make([]byte, 4096); !bytes.HasSuffix(reply, []byte("END\r\n")); {
		n, err := c.Read(part)
		if err != nil {
			return fmt.Errorf("stats: %w", err)
		}
		if reply = append(reply, part[:n]...); len(reply) > maxStats {
			return fmt.Errorf("stats: the reply has no end: %.100q", reply)
		}
	}
	if g := failover.ReadGreeting(reply); g.Identity != s.Only {
		return fmt.Errorf("another server answers there now: %v instead of %v", g.Identity, s.Only)
	}
	return nil
}

// maxStats bounds the reply to stats, in bytes. Real ones are much smaller.
const maxStats = 64 << 10

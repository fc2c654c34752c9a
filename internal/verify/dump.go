package verify

import (
	"context"
	"net"
	"time"

	"magent/internal/metadump"
)

// patient makes connections for a dump: a server that says nothing for dumpSilence has failed.
func patient(dial metadump.Dialer) metadump.Dialer {
	return func(ctx context.Context) (net.Conn, error) {
		c, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		return dumpConn{c}, nil
	}
}

type dumpConn struct{ net.Conn }

// Read implements net.Conn.
func (c dumpConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(dumpSilence)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

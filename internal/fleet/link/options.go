package link

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Peer is another member.
type Peer struct {
	Name    string
	Address string // HOST:PORT
}

// Options are what a member needs for its links. The functions are called by goroutines of the links, several at a
// time, and must not wait for Close.
type Options struct {
	Name   string
	Fleet  string  // what all members have to have in common, as a short text
	Peers  []Peer  // the others
	Secret *Secret // nil: without one

	// Incarnation is this process to the others, now.
	Incarnation func() uint64
	// Received takes a message of a member; it owns the bytes.
	Received func(from string, body []byte)
	// Serves says why a member's requests for a pool are not taken, which the member is told. A nil error: they are.
	// If there is no such function, those for all pools are.
	Serves func(from, pool string) error
	// Opened takes a connection for requests that a member has made; it owns the descriptor. It is not called any more
	// when Close has returned. nil: such connections are refused.
	Opened func(from string, d Data)
	// Commanded carries a command of a member out, and returns the answer. When ctx is done nobody waits for that any
	// more; what has not been begun by then must not be. nil: commands are refused.
	Commanded func(ctx context.Context, from string, body []byte) (answer []byte)
	// Up says that messages to a member are taken from now on: what was sent to it before is lost.
	Up func(name string)
	// Ended says that a connection to a member has ended that was good: its process may be dead (Ask).
	Ended func(name string)
	// Trouble says why there is no connection to a member, or none of it is accepted: when that begins, and when the
	// reason changes. nil: there is one again.
	Trouble func(name string, err error)

	// Double says that a process is not taken which has the name of a member, but is not that member: when that
	// begins, and when the reason changes.
	Double func(name, reason string)

	// Patience is how long a connection may be silent, and a write take, and how long it may take to make a connection
	// for requests.
	Patience time.Duration
}

// Times of connections.
const (
	connectTime  = time.Second           // to connect, with the greeting
	firstPause   = 50 * time.Millisecond // before the second attempt
	lastPause    = 500 * time.Millisecond
	goodTime     = 5 * time.Second // who has kept a connection for so long is connected to again at once
	greetingTime = 2 * time.Second // for whoever has connected to say who he is; or Patience, if that is longer
)

// shared is what all goroutines of the links use.
type shared struct {
	opt  Options
	ctx  context.Context // done at Close
	done sync.WaitGroup
}

// secure puts TLS around a connection, where there is a secret.
func (s *shared) secure(conn net.Conn, client bool) net.Conn {
	switch {
	case s.opt.Secret == nil:
		return conn
	case client:
		return tls.Client(&exact{Conn: conn}, s.opt.Secret.config)
	default:
		return tls.Server(&exact{Conn: conn}, s.opt.Secret.config)
	}
}

// control has the kernel give a connection up whose other end is silent.
func control(conn net.Conn, silence time.Duration) error {
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(silence/time.Millisecond))
	})
	return errors.Join(err, failed)
}

package link

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"

	"magent/internal/loop"
)

// Data is a connection for requests that is ready for a loop. Nothing but the loops' bytes has come on it since the
// greetings, and nothing is lost.
type Data struct {
	FD          int        // non-blocking; it belongs to whoever gets it
	Seal        *loop.Seal // nil: there is no secret, and what is sent is not sealed
	Pool        string     // which pool the requests are for
	Incarnation uint64     // of the process at the other end
	Closed      func()     // to be called when FD has been closed, by any goroutine: only then it counts no more
}

// exact reads one TLS record at a time from a connection. crypto/tls reads on as far as it can, so it would take bytes
// that come behind the last record, and are not for it.
type exact struct {
	net.Conn
	head  [5]byte // of the record that is being read
	have  int     // bytes of head that are there, while it is read
	body  int     // bytes of the record that are still to come behind its head
	ended bool    // TLS has no more to read
}

var errEnded = errors.New("TLS has ended here")

// Read reads to the end of the head, or of the record.
func (e *exact) Read(b []byte) (n int, err error) {
	switch {
	case e.ended:
		return 0, errEnded
	case e.body > 0:
		n, err = e.Conn.Read(b[:min(len(b), e.body)])
		e.body -= n
	default:
		n, err = e.Conn.Read(b[:min(len(b), len(e.head)-e.have)])
		copy(e.head[e.have:], b[:n])
		if e.have += n; e.have == len(e.head) {
			e.have, e.body = 0, int(binary.BigEndian.Uint16(e.head[3:]))
		}
	}
	return n, err
}

// end ends the use of TLS. It makes sure that TLS has nothing that was not read.
func (e *exact) end(t *tls.Conn) error {
	whole := e.have == 0 && e.body == 0
	e.ended = true
	if n, err := t.Read(make([]byte, 1)); !whole || n > 0 || !errors.Is(err, errEnded) {
		return errors.New("more than a greeting has come inside TLS")
	}
	return nil
}

// handOver ends the use of a connection that has carried the greetings and nothing else. conn is closed in any case.
// The errors leave no descriptor behind.
func handOver(conn net.Conn, hello, answer Greeting, dialed bool) (Data, error) {
	d := Data{Pool: hello.Pool, Incarnation: hello.Incarnation, Closed: func() {}}
	if dialed {
		d.Incarnation = answer.Incarnation
	}
	raw := conn
	if t, ok := conn.(*tls.Conn); ok {
		e := t.NetConn().(*exact)
		raw = e.Conn
		err := e.end(t)
		if err == nil {
			d.Seal, err = newSeal(t, hello, answer, dialed)
		}
		if err != nil {
			raw.Close()
			return Data{}, err
		}
	}
	var err error
	d.FD, err = takeDescriptor(raw.(*net.TCPConn))
	raw.Close() // and not conn, which would say good-bye by TLS
	return d, err
}

// keyLabel names what the keys are for (RFC 5705).
const keyLabel = "EXPERIMENTAL magent fleet data 1"

// newSeal makes the keys for both directions, first that of who has dialed. They depend on the TLS session, on who the
// two ends are, and on what the connection is for.
func newSeal(t *tls.Conn, hello, answer Greeting, dialed bool) (*loop.Seal, error) {
	var context []byte
	for _, g := range []Greeting{hello, answer} {
		context = appendFrame(context, []byte(g.From))
		context = binary.BigEndian.AppendUint64(context, g.Incarnation)
	}
	context = appendFrame(context, []byte(hello.Pool))
	state := t.ConnectionState()
	keys, err := state.ExportKeyingMaterial(keyLabel, context, 2*loop.SealKeySize)
	if err != nil {
		return nil, fmt.Errorf("TLS gives no keys: %w", err)
	}
	forth, back := keys[:loop.SealKeySize], keys[loop.SealKeySize:]
	if dialed {
		return loop.NewSeal(forth, back), nil
	}
	return loop.NewSeal(back, forth), nil
}

// takeDescriptor returns a descriptor of a connection that Go's runtime knows nothing of. It stays open when conn is
// closed.
func takeDescriptor(conn *net.TCPConn) (fd int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	failed := raw.Control(func(theirs uintptr) { fd, err = unix.FcntlInt(theirs, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(failed, err); err != nil {
		return -1, fmt.Errorf("no descriptor for a connection: %w", err)
	}
	return fd, nil
}

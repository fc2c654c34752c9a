package handshake

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"magent/internal/cause"
	"magent/internal/loop"
)

// ClientConfig reads the files of a client. Without a CA the authorities of the system count. An error names the file.
func ClientConfig(f Files) (*tls.Config, error) {
	c := base()
	c.ClientSessionCache = &sessions{by: map[string]session{}}
	if f.Cert != "" {
		cert, err := readPair(f)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{cert}
	}
	var err error
	if f.CA != "" {
		c.RootCAs, err = readCA(f.CA)
	} else if c.RootCAs, err = x509.SystemCertPool(); err != nil {
		err = fmt.Errorf("the certificates of the system: %w", err)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Client makes the client's part of a handshake for a loop, as Server does. The certificate that is shown has to be
// for name, a host name or an IP address. server identifies the server among those of the same files, for resumption.
func (e *End) Client(ctx context.Context, fd int, name, server string) (*loop.Seal, tls.ConnectionState, error) {
	return Client(ctx, fd, e.Config(), name, server)
}

// Client is the method of End for a configuration.
func Client(ctx context.Context, fd int, cfg *tls.Config, name, server string) (
	*loop.Seal, tls.ConnectionState, error,
) {
	conn, err := duplicate(fd)
	if err != nil {
		return nil, tls.ConnectionState{}, err
	}
	defer conn.Close()
	a := attemptOf(cfg, name, server, &conn.keys)
	t := tls.Client(conn, a.config)
	if err := a.shake(ctx, t); err != nil {
		return nil, tls.ConnectionState{}, err
	}
	state := t.ConnectionState()
	k, err := conn.seal(&state, conn.tickets(t))
	return k, state, err
}

// Over makes a handshake on a connection beside the loops, which the result takes over. Otherwise it is Client.
func (e *End) Over(ctx context.Context, conn net.Conn, name, server string) (net.Conn, error) {
	seal, err := e.over(ctx, conn, name, server)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return loop.NewTLSConn(conn, seal), nil
}

func (e *End) over(ctx context.Context, conn net.Conn, name, server string) (seal *loop.Seal, err error) {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("no TLS on a %T", conn)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, err
	}
	wrong := raw.Control(func(fd uintptr) { seal, _, err = e.Client(ctx, int(fd), name, server) })
	if err == nil {
		err = wrong
	}
	return seal, err
}

var errSilent = errors.New("the server does not go on with the TLS handshake: does it speak TLS?")

// ResumeError is the error of a handshake that was to resume a session. One without that may succeed.
type ResumeError struct{ error }

// Unwrap returns the reason.
func (e *ResumeError) Unwrap() error { return e.error }

// shake makes a handshake with a server.
func (a *attempt) shake(ctx context.Context, t *tls.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	err := t.HandshakeContext(ctx)
	a.ended(err == nil)
	if err == nil {
		return nil
	}
	var plain tls.RecordHeaderError
	switch {
	case isLate(ctx, err):
		err = errSilent
	case errors.As(err, &plain):
		err = cause.Because("the server does not speak TLS: name its port for TLS, or leave --server-tls out", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, unix.ECONNRESET):
		err = fmt.Errorf("the server has ended the TLS handshake, so it may not speak TLS: %w", cause.Of(err))
	default:
		err = cause.Of(err)
	}
	if a.offered {
		return &ResumeError{err}
	}
	return err
}

// sessions are what servers have given to resume, by server. They are used by any goroutine.
type sessions struct {
	mu sync.Mutex
	by map[string]session
}

// session is that of one server.
type session struct {
	state  *tls.ClientSessionState // nil: there is none
	master []byte                  // the secret of TLS 1.2, which the key log does not have when a session is resumed
	failed int                     // handshakes in a row that were to resume one, and failed
}

const (
	maxSessions = 4096
	// maxFailed is how often a server may fail to resume a session until it is not asked to any more. OpenSSL's ends
	// the handshake if it wants a certificate, gives tickets, and was not told what they are good for.
	maxFailed = 2
)

// Get implements tls.ClientSessionCache. Only attempts get something.
func (s *sessions) Get(string) (*tls.ClientSessionState, bool) { return nil, false }

// Put is like Get.
func (s *sessions) Put(string, *tls.ClientSessionState) {}

// change changes what is known of a server.
func (s *sessions) change(server string, change func(*session)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, known := s.by[server]
	if !known && len(s.by) >= maxSessions {
		clear(s.by)
	}
	change(&one)
	s.by[server] = one
}

// attempt is one handshake with a server. It is the server's cache of sessions for crypto/tls.
type attempt struct {
	*sessions
	config  *tls.Config
	server  string
	keys    *secrets
	offered bool // to resume a session
}

func attemptOf(cfg *tls.Config, name, server string, keys *secrets) *attempt {
	a := &attempt{config: cfg.Clone(), server: server, keys: keys}
	a.config.ServerName, a.config.KeyLogWriter = name, keys
	if cache, ours := cfg.ClientSessionCache.(*sessions); ours {
		a.sessions, a.config.ClientSessionCache = cache, a
	}
	return a
}

// Get returns the session to resume.
func (a *attempt) Get(string) (state *tls.ClientSessionState, ok bool) {
	a.change(a.server, func(s *session) {
		if state = s.state; state != nil && s.failed < maxFailed {
			a.offered, a.keys.master, ok = true, s.master, true
		}
	})
	return state, ok
}

// Put keeps a session; nil: the present one is of no use.
func (a *attempt) Put(_ string, state *tls.ClientSessionState) {
	a.change(a.server, func(s *session) { s.state, s.master = state, a.keys.master })
}

// ended notes whether a session could be resumed, if that was asked for.
func (a *attempt) ended(well bool) {
	if a.offered {
		a.change(a.server, func(s *session) {
			if s.failed++; well {
				s.failed = 0
			}
		})
	}
}

package handshake

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/loop"
)

// maxFlight bounds what each end may send in a handshake, in bytes.
const maxFlight = 256 << 10

var errFlight = fmt.Errorf("the other end sends more than %d bytes in a TLS handshake", maxFlight)

// socket is a socket of which crypto/tls reads one record at a time. Otherwise crypto/tls would take bytes that come
// behind the handshake. It remembers what has passed.
type socket struct {
	*os.File
	keys           secrets
	sent, received []byte
	start          int // of the record that is being read, in received

	done  bool   // the handshake is
	later []byte // what has come behind it
}

const recordHead = 5

// recordSize returns how many bytes a record has in all, or its head if that is not complete.
func recordSize(b []byte) int {
	if len(b) < recordHead {
		return recordHead
	}
	return recordHead + int(binary.BigEndian.Uint16(b[3:]))
}

// Read reads to the end of the head of a record, or of the record.
func (s *socket) Read(b []byte) (n int, err error) {
	if s.done {
		return s.readLater(b)
	}
	if len(s.received) > maxFlight {
		return 0, errFlight
	}
	part := s.received[s.start:]
	n, err = s.File.Read(b[:min(len(b), recordSize(part)-len(part))])
	s.received = append(s.received, b[:max(0, n)]...)
	if part = s.received[s.start:]; len(part) >= recordHead && len(part) == recordSize(part) {
		s.start = len(s.received)
	}
	return n, err
}

// Write is that of net.Conn.
func (s *socket) Write(b []byte) (n int, err error) {
	n, err = s.File.Write(b)
	s.sent = append(s.sent, b[:max(0, n)]...)
	return n, err
}

// linger lets the other end read why it is refused: closing a socket with unread bytes would take that back.
func (s *socket) linger(fd int) {
	_ = unix.Shutdown(fd, unix.SHUT_WR)
	_ = s.File.SetDeadline(time.Now().Add(time.Second))
	_, _ = io.CopyN(io.Discard, s.File, maxFlight)
}

// LocalAddr and RemoteAddr are those of net.Conn. TLS does not need them.
func (s *socket) LocalAddr() net.Addr { return nil }

// RemoteAddr is like LocalAddr.
func (s *socket) RemoteAddr() net.Addr { return nil }

// seal returns what goes on where the handshake has ended. tickets gets the tickets of TLS 1.3; nil: this is the
// server.
func (s *socket) seal(state *tls.ConnectionState, tickets func([]byte)) (*loop.Seal, error) {
	client := tickets != nil
	s.done = true
	if s.start != len(s.received) {
		return nil, errors.New("a TLS handshake has ended within a record")
	}
	k := &s.keys
	t := loop.TLS{
		Version: state.Version, Suite: state.CipherSuite, Client: client, Sent: s.sent, Received: s.received,
		SendSecret: k.server, ReceiveSecret: k.client, Master: k.master, Ticket: tickets,
	}
	hello, answer := s.received, s.sent
	if client {
		t.SendSecret, t.ReceiveSecret = k.client, k.server
		hello, answer = answer, hello
	}
	var err, wrong error
	t.ClientRandom, err = random(hello, 1)
	t.ServerRandom, wrong = random(answer, 2)
	if err = errors.Join(err, wrong); err != nil {
		return nil, err
	}
	return loop.NewTLS(t)
}

// tickets returns what takes the tickets of TLS 1.3, which come behind the handshake: crypto/tls, as if it read on.
func (s *socket) tickets(t *tls.Conn) func(record []byte) {
	var nothing [1]byte
	return func(record []byte) {
		s.later = record
		_, _ = t.Read(nothing[:])
	}
}

// readLater is Read behind the handshake: it reads a record that a loop has received.
func (s *socket) readLater(b []byte) (n int, err error) {
	if len(s.later) == 0 {
		return 0, os.ErrDeadlineExceeded // as if more were to come
	}
	n = copy(b, s.later)
	s.later = s.later[n:]
	return n, nil
}

// random returns the random bytes in the first message that an end has sent. kind is its type.
func random(flight []byte, kind byte) ([]byte, error) {
	const body, begin, end = recordHead, recordHead + 6, recordHead + 38 // behind the type, length and version
	if len(flight) < end || recordSize(flight) < end || flight[body] != kind {
		return nil, fmt.Errorf("a TLS handshake does not begin with a message of type %d", kind)
	}
	return flight[begin:end], nil
}

// secrets takes the lines that crypto/tls writes to a key log: a label, the client's random bytes, and a secret.
type secrets struct {
	client, server []byte // of TLS 1.3
	master         []byte // of TLS 1.2
}

// Write is that of io.Writer.
func (k *secrets) Write(line []byte) (n int, err error) {
	f := bytes.Fields(line)
	if len(f) != 3 {
		return 0, errors.New("a line of the key log has not three words")
	}
	secret := make([]byte, hex.DecodedLen(len(f[2])))
	_, err = hex.Decode(secret, f[2])
	switch string(f[0]) {
	case "CLIENT_TRAFFIC_SECRET_0":
		k.client = secret
	case "SERVER_TRAFFIC_SECRET_0":
		k.server = secret
	case "CLIENT_RANDOM":
		k.master = secret
	}
	return len(line), err
}

// resumable has tickets carry the master secret of TLS 1.2, which the key log does not have when a session is resumed.
// Tickets are encrypted.
//
// cfg is own before it was copied. It has the keys of tickets, and changes them every day.
func (k *secrets) resumable(own, cfg *tls.Config) {
	own.WrapSession = func(state tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
		if state.Version == tls.VersionTLS12 {
			s.Extra = [][]byte{k.master}
		}
		return cfg.EncryptTicket(state, s)
	}
	own.UnwrapSession = func(ticket []byte, state tls.ConnectionState) (*tls.SessionState, error) {
		s, err := cfg.DecryptTicket(ticket, state)
		if err != nil || s == nil || state.Version != tls.VersionTLS12 {
			return s, err
		}
		if len(s.Extra) != 1 {
			return nil, nil // a whole handshake follows
		}
		k.master = s.Extra[0]
		return s, nil
	}
}

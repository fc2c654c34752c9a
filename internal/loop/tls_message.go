package loop

import (
	"crypto/tls"
	"fmt"
	"io"
	"strings"
)

const (
	alertWarning     = 1
	alertCloseNotify = 0
	alertCanceled    = 90
)

const (
	messageHead   = 4 // type and length
	messageTicket = 4
	messageUpdate = 24
	maxMessage    = 64 << 10
)

// keyUpdate is the message that announces a new key, and asks for none.
var keyUpdate = [...]byte{messageUpdate, 0, 0, 1, 0}

// AlertError is the error with which the other end has ended TLS.
type AlertError uint8

func (e AlertError) Error() string {
	said := strings.TrimPrefix(tls.AlertError(e).Error(), "tls: ")
	return "the other end has ended the connection: its TLS says " + said
}

// tlsMessage is a handshake message behind the handshake that arrives in parts. Tickets are passed over.
type tlsMessage struct {
	head [messageHead + 1]byte // with the one byte of an update
	have int                   // bytes of it that have arrived
	skip int                   // bytes of a ticket that are still to come
}

// open reports whether a part of a message is there. Then no data may come.
func (m *tlsMessage) open() bool { return m.have > 0 || m.skip > 0 }

// takeTLS takes a record that is no data. The error is io.EOF at the end of the stream.
func (k *Seal) takeTLS(kind byte, body []byte) error {
	if k.tls.useless++; k.tls.useless > maxUseless {
		return fmt.Errorf("%w: %d records without data", ErrSeal, k.tls.useless)
	}
	switch {
	case k.tls.message.open() && kind != tlsHandshake:
	case kind == tlsData: // without data
		return nil
	case kind == tlsAlert && len(body) == 2:
		return k.takeAlert(body[0], body[1])
	case kind == tlsHandshake && k.tls.v13 && len(body) > 0:
		return k.takeMessages(body)
	case kind == tlsHandshake:
		return fmt.Errorf("%w: the other end wants another handshake", ErrSeal)
	}
	return fmt.Errorf("%w: a record of type %d, of %d bytes", ErrSeal, kind, len(body))
}

func (k *Seal) takeAlert(level, what byte) error {
	switch {
	case what == alertCloseNotify:
		return io.EOF
	case what == alertCanceled, !k.tls.v13 && level == alertWarning:
		return nil // what follows decides
	}
	return AlertError(what)
}

// takeMessages takes a record with handshake messages, or with a part of one.
func (k *Seal) takeMessages(body []byte) error {
	m := &k.tls.message
	for len(body) > 0 {
		if m.skip > 0 {
			n := min(m.skip, len(body))
			m.skip, body = m.skip-n, body[n:]
			continue
		}
		m.head[m.have] = body[0]
		m.have++
		body = body[1:]
		if m.have < messageHead {
			continue
		}
		size := int(m.head[1])<<16 | int(m.head[2])<<8 | int(m.head[3])
		switch {
		case m.head[0] == messageTicket && k.tls.client && size > 0 && size <= maxMessage:
			m.have, m.skip = 0, size
		case m.head[0] != messageUpdate || size != 1:
			return fmt.Errorf("%w: a handshake message of type %d, of %d bytes", ErrSeal, m.head[0], size)
		case m.have > messageHead:
			if m.have = 0; len(body) > 0 || m.head[messageHead] > 1 {
				return fmt.Errorf("%w: a wrong update of the key", ErrSeal)
			}
			k.tls.update = k.tls.update || m.head[messageHead] == 1
			return k.receive.renew(k.tls.suite)
		}
	}
	return nil
}

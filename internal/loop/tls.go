package loop

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// TLS is what a handshake that crypto/tls has made leaves for the records behind it.
type TLS struct {
	Version uint16 // tls.VersionTLS12 or tls.VersionTLS13
	Suite   uint16
	Client  bool // this end is the client

	// The traffic secrets of TLS 1.3.
	SendSecret, ReceiveSecret []byte

	// Of TLS 1.2.
	Master, ClientRandom, ServerRandom []byte

	// Sent and Received are all bytes of the handshake, as they were on the wire. They tell how many records the
	// keys have sealed already: a finished message, or tickets.
	Sent, Received []byte

	// Ticket gets each record of TLS 1.3 that comes behind the handshake, before the first one with data: tickets, as
	// they were on the wire. They are valid during the call only. nil: nobody wants them.
	Ticket func(record []byte)
}

// suite is how a cipher suite seals.
type suite struct {
	key    int // bytes
	hash   func() hash.Hash
	aead   func(key []byte) (cipher.AEAD, error)
	chacha bool
}

// tlsState is what a Seal has beside its keys if it is one of TLS.
type tlsState struct {
	v13      bool
	client   bool
	explicit bool // the records of TLS 1.2 with AES have a part of the nonce in front
	suite    suite
	message  tlsMessage          // a handshake message that arrives behind the handshake
	useless  int                 // records without data since the last with data
	update   bool                // the other end has asked for a new key, or the present one has sealed enough
	closed   bool                // this end has said good-bye
	loose    bool                // as a client: records since the last Flush may end within a message (nudge)
	ticket   func(record []byte) // gets tickets until something else comes; nil: nobody wants them
}

func suiteOf(id uint16) (suite, error) {
	switch id {
	case tls.TLS_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:
		return suite{key: 16, hash: sha256.New, aead: newGCM}, nil
	case tls.TLS_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384:
		return suite{key: 32, hash: sha512.New384, aead: newGCM}, nil
	case tls.TLS_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256:
		return suite{key: chacha20poly1305.KeySize, hash: sha256.New, aead: chacha20poly1305.New, chacha: true}, nil
	}
	return suite{}, fmt.Errorf("loop: no records for the cipher suite %s", tls.CipherSuiteName(id))
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// NewTLS returns a Seal that goes on where a handshake has ended.
func NewTLS(t TLS) (*Seal, error) {
	k, err := newTLS(&t)
	if err != nil {
		return nil, err
	}
	k.send.count, k.receive.count = k.used(&k.send, t.Sent), k.used(&k.receive, t.Received)
	if !k.tls.v13 && (k.send.count == 0 || k.receive.count == 0) {
		return nil, errors.New("loop: no finished message of the handshake can be opened")
	}
	return k, nil
}

func newTLS(t *TLS) (*Seal, error) {
	s, err := suiteOf(t.Suite)
	if err != nil {
		return nil, err
	}
	k := &Seal{tls: &tlsState{v13: t.Version == tls.VersionTLS13, client: t.Client, suite: s}}
	if k.tls.v13 && t.Client {
		k.tls.ticket = t.Ticket
	}
	k.shape = shape{head: tlsHead, tail: sealTag, most: maxTLSData}
	switch {
	case k.tls.v13:
		k.tail++ // the type
		err = errors.Join(k.send.setSecret(s, t.SendSecret), k.receive.setSecret(s, t.ReceiveSecret))
	case t.Version == tls.VersionTLS12:
		if k.tls.explicit = !s.chacha; k.tls.explicit {
			k.head += explicitNonce
		}
		err = k.setMaster(s, t)
	default:
		err = fmt.Errorf("loop: no records for %s", tls.VersionName(t.Version))
	}
	if err != nil {
		return nil, err
	}
	return k, nil
}

// used returns how many records of a handshake a key has sealed: those that it opens.
func (k *Seal) used(d *direction, wire []byte) uint64 {
	try := *d
	var b []byte
	for len(wire) >= tlsHead && len(wire) >= tlsRecordSize(wire) {
		size := tlsRecordSize(wire)
		if before := try.count; wire[0] != tlsChange && try.next() {
			var err error
			if b, _, err = k.openRecord(&try, b[:0], wire[:size]); err != nil {
				try.count = before
			}
		}
		wire = wire[size:]
	}
	return try.count
}

// setSecret makes the key of TLS 1.3 from a traffic secret.
func (d *direction) setSecret(s suite, secret []byte) error {
	if len(secret) != s.hash().Size() {
		return fmt.Errorf("loop: a traffic secret of %d bytes", len(secret))
	}
	key, err := expandLabel(s, secret, "key", s.key)
	if err != nil {
		return err
	}
	iv, err := expandLabel(s, secret, "iv", len(d.iv))
	if err != nil {
		return err
	}
	copy(d.iv[:], iv)
	d.secret, d.count = secret, 0
	d.aead, err = s.aead(key)
	return err
}

// renew replaces the key by the next one.
func (d *direction) renew(s suite) error {
	secret, err := expandLabel(s, d.secret, "traffic upd", len(d.secret))
	if err != nil {
		return err
	}
	return d.setSecret(s, secret)
}

// expandLabel is HKDF-Expand-Label of RFC 8446 with an empty context.
func expandLabel(s suite, secret []byte, label string, n int) ([]byte, error) {
	label = "tls13 " + label
	info := append([]byte{byte(n >> 8), byte(n), byte(len(label))}, label...)
	return hkdf.Expand(s.hash, secret, string(append(info, 0)), n)
}

// setMaster makes the keys of TLS 1.2.
func (k *Seal) setMaster(s suite, t *TLS) error {
	iv := len(k.send.iv)
	if k.tls.explicit {
		iv -= explicitNonce
	}
	block := prf12(s, t.Master, "key expansion", append(append([]byte(nil), t.ServerRandom...), t.ClientRandom...),
		2*(s.key+iv))
	client, server := &k.send, &k.receive
	if !t.Client {
		client, server = server, client
	}
	for i, d := range []*direction{client, server} {
		var err error
		if d.aead, err = s.aead(block[i*s.key:][:s.key]); err != nil {
			return err
		}
		copy(d.iv[:iv], block[2*s.key+i*iv:])
	}
	return nil
}

// prf12 is the pseudorandom function of RFC 5246.
func prf12(s suite, secret []byte, label string, seed []byte, n int) []byte {
	seed = append([]byte(label), seed...)
	mac := func(parts ...[]byte) []byte {
		m := hmac.New(s.hash, secret)
		for _, p := range parts {
			m.Write(p)
		}
		return m.Sum(nil)
	}
	var out []byte
	for a := mac(seed); len(out) < n; a = mac(a) {
		out = append(out, mac(a, seed)...)
	}
	return out[:n]
}

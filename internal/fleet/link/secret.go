package link

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// MinSecret is how many bytes a secret has at least. Whoever gets a member to connect to him, or reaches one, can
// try secrets as fast as he can compute.
const MinSecret = 16

var errSecret = errors.New("the other end has another --fleet-secret-file")

// Secret is what the members of a fleet have in common, ready for use.
type Secret struct {
	config *tls.Config
	public ed25519.PublicKey
}

// NewSecret takes the contents of the file; white space around them does not count.
func NewSecret(text []byte) (*Secret, error) {
	text = bytes.TrimSpace(text)
	if len(text) < MinSecret {
		return nil, fmt.Errorf("it has %d bytes, fewer than %d: make one with: head -c 32 /dev/urandom | base64",
			len(text), MinSecret)
	}
	seed, err := hkdf.Key(sha256.New, text, nil, "magent fleet link 1", ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	key := ed25519.NewKeyFromSeed(seed)
	s := &Secret{public: key.Public().(ed25519.PublicKey)}
	// Nobody looks at the certificate but for its key, and it is never out of date.
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "magent fleet"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, s.public, key)
	if err != nil {
		return nil, err
	}
	s.config = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		MinVersion:   tls.VersionTLS13,
		ClientAuth:   tls.RequireAnyClientCert,
		NextProtos:   []string{"magent-fleet/1"},
		// The names in certificates say nothing here; who has the key is a member. VerifyConnection looks at it, in
		// each handshake, on both sides.
		InsecureSkipVerify:     true,
		VerifyConnection:       s.verify,
		SessionTicketsDisabled: true,
	}
	return s, nil
}

// verify accepts who has shown that he has the key.
func (s *Secret) verify(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return errSecret
	}
	key, ok := state.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok || !key.Equal(s.public) {
		return errSecret
	}
	return nil
}

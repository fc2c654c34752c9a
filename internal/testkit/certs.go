package testkit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority issues certificates.
type Authority struct {
	PEM  []byte
	File string // with PEM
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Leaf says what a certificate is for.
type Leaf struct {
	Name    string // a host name or an IP address
	Expired bool
}

// NewAuthority makes an authority, whose file lasts until the end of the test.
func NewAuthority(tb testing.TB) *Authority {
	tb.Helper()
	a := &Authority{key: newKey(tb), File: filepath.Join(OpenFolder(tb), "ca.pem")}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		tb.Fatal(err)
	}
	a.PEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(a.File, a.PEM, 0o644); err != nil {
		tb.Fatal(err)
	}
	return a
}

// Issue returns a new certificate and its key, in PEM.
func (a *Authority) Issue(tb testing.TB, l Leaf) (cert, key []byte) {
	tb.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		tb.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: l.Name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(12 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(l.Name); ip != nil {
		leaf.IPAddresses = []net.IP{ip}
	} else {
		leaf.DNSNames = []string{l.Name}
	}
	if l.Expired {
		leaf.NotAfter = time.Now().Add(-time.Minute)
	}
	private := newKey(tb)
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.cert, &private.PublicKey, a.key)
	if err != nil {
		tb.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// IssueFiles is Issue into files, which last until the end of the test.
func (a *Authority) IssueFiles(tb testing.TB, l Leaf) (cert, key string) {
	tb.Helper()
	dir := OpenFolder(tb)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	a.Renew(tb, l, cert, key)
	return cert, key
}

// Renew writes a new certificate and its key into files.
func (a *Authority) Renew(tb testing.TB, l Leaf, cert, key string) {
	tb.Helper()
	c, k := a.Issue(tb, l)
	for path, data := range map[string][]byte{cert: c, key: k} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// ConnOf makes a connection of a socket, which it takes over.
func ConnOf(tb testing.TB, fd int) net.Conn {
	tb.Helper()
	f := os.NewFile(uintptr(fd), "socket")
	defer func() { _ = f.Close() }()
	conn, err := net.FileConn(f)
	if err != nil {
		tb.Fatal(err)
	}
	return conn
}

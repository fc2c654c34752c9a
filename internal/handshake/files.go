package handshake

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"magent/internal/cause"
)

// Files name the PEM files of one end.
type Files struct {
	Cert, Key string // what this end shows; both or neither
	// CA names who may have issued what the other end shows. Without it a server asks for nothing, and for a client
	// the authorities of the system count.
	CA string
}

// End is the configuration of one end by its files, as they were read last. It is used by any goroutine.
type End struct{ config atomic.Pointer[tls.Config] }

// Config returns the configuration by what the files contained when they were read last.
func (e *End) Config() *tls.Config { return e.config.Load() }

// Store has the ends of a process that are of one kind, by their files. It is used by any goroutine.
type Store struct {
	mu   sync.Mutex
	ends map[Files]*End
}

// Read reads the files of several ends by ServerConfig or ClientConfig, for Use. An error names the file.
func Read(all []Files, read func(Files) (*tls.Config, error)) (map[Files]*tls.Config, error) {
	configs := map[Files]*tls.Config{}
	for _, f := range all {
		c, err := read(f)
		if err != nil {
			return nil, err
		}
		configs[f] = c
	}
	return configs, nil
}

// Use has all ends be as they were read last, and forgets those that were not read. Sessions of before are not
// resumed.
func (s *Store) Use(configs map[Files]*tls.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ends := map[Files]*End{}
	for f, c := range configs {
		e := s.ends[f]
		if e == nil {
			e = &End{}
		}
		e.config.Store(c)
		ends[f] = e
	}
	s.ends = ends
}

// Add has ends be used as well that were not there yet. The others stay as they are.
func (s *Store) Add(configs map[Files]*tls.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ends == nil {
		s.ends = map[Files]*End{}
	}
	for f, c := range configs {
		if s.ends[f] == nil {
			s.ends[f] = &End{}
			s.ends[f].config.Store(c)
		}
	}
}

// Of returns an end that is in use; else nil.
func (s *Store) Of(f Files) *End {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ends[f]
}

// All returns the files of all ends.
func (s *Store) All() []Files {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.ends))
}

// ServerConfig reads the files of a server. With a CA clients have to show a certificate. An error names the file.
func ServerConfig(f Files) (*tls.Config, error) {
	c := base()
	cert, err := readPair(f)
	if err != nil {
		return nil, err
	}
	c.Certificates = []tls.Certificate{cert}
	if f.CA != "" {
		if c.ClientCAs, err = readCA(f.CA); err != nil {
			return nil, err
		}
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return c, nil
}

// base returns what all configurations have in common. The suites are those whose records loops can seal.
func base() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}

// readPair reads a certificate and its key. crypto/tls' errors do not say which file they are about.
func readPair(f Files) (cert tls.Certificate, err error) {
	c, err := os.ReadFile(f.Cert)
	if err != nil {
		return cert, err
	}
	k, err := os.ReadFile(f.Key)
	if err != nil {
		return cert, err
	}
	if block, _ := pem.Decode(c); block == nil {
		return cert, fmt.Errorf("%s: %w", f.Cert, errNoCertificate)
	}
	if block, _ := pem.Decode(k); block == nil {
		return cert, fmt.Errorf("%s: %w", f.Key, errNoKey)
	}
	if cert, err = tls.X509KeyPair(c, k); err != nil {
		return cert, fmt.Errorf("the certificate %s with the key %s: %w: name a certificate and its own key, in PEM",
			f.Cert, f.Key, cause.Pair(err))
	}
	return cert, nil
}

func readCA(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s: %w", path, errNoCertificate)
	}
	return pool, nil
}

var (
	errNoCertificate = errors.New("there is no certificate in it (PEM)")
	errNoKey         = errors.New("there is no key in it (PEM)")
)

package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"

	"magent/internal/config"
)

// noTLSPrefix stands in front of an address of -l that stays plain text, as memcached has it.
const noTLSPrefix = "notls:"

// readTLS reads with which files clients speak TLS.
func readTLS(r *reader, pool *config.Pool) {
	pool.TLSCert, pool.TLSKey, pool.TLSClientCA = r.path(flagTLSCert), r.path(flagTLSKey), r.path(flagTLSClientCA)
	for _, flag := range []string{flagTLSKey, flagTLSClientCA, flagTLSListen} {
		if r.given(flag) && pool.TLSCert == "" {
			r.fail(flag, errors.New("needs --tls-cert FILE, with the certificate in PEM"))
		}
	}
	if pool.TLSCert != "" && pool.TLSKey == "" {
		r.fail(flagTLSCert, errors.New("needs --tls-key FILE, with the key of the certificate in PEM"))
	}
	some, plain := false, map[string]bool{}
	for _, l := range pool.Listen {
		some = some || l.TLS
		plain[l.Address] = plain[l.Address] || !l.TLS
	}
	if pool.TLSCert != "" && !some {
		r.fail(flagTLSCert, errors.New("has no effect: nothing listens by TLS: add --tls-listen HOST:PORT"))
	}
	for _, l := range pool.Listen {
		if l.TLS && plain[l.Address] && !strings.HasSuffix(l.Address, ":0") {
			r.fail(flagTLSListen, errors.New(l.Address+" is where plain text is spoken: choose another port"))
		}
	}
}

// pinned returns the configuration by which a proxy at an address is asked that has the certificate in a file. On this
// machine it may be another one: the file may be newer than what the proxy has read.
func pinned(path, address string) (*tls.Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, config.Unread(err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New(path + " has no certificate in PEM: name the file of the proxy's --tls-cert")
	}
	host, _, err := net.SplitHostPort(address)
	ip, wrong := netip.ParseAddr(host)
	here := err == nil && (host == "localhost" || wrong == nil && ip.IsLoopback())
	return &tls.Config{
		InsecureSkipVerify: true, // what is shown is compared instead
		VerifyPeerCertificate: func(shown [][]byte, _ [][]*x509.Certificate) error {
			if here || len(shown) > 0 && bytes.Equal(shown[0], block.Bytes) {
				return nil
			}
			return errors.New("it shows another certificate than that of " + path)
		},
	}, nil
}

// readTLSListeners reads the addresses on which clients speak TLS beside those of -l.
func readTLSListeners(r *reader) (listeners []config.Listen) {
	for _, text := range r.list(flagTLSListen) {
		l, ok, err := config.ParseListen(text, 0)
		if err == nil && !ok {
			err = errors.New(text + " has no port: write HOST:PORT")
		}
		r.fail(flagTLSListen, err)
		l.TLS = true
		listeners = append(listeners, l)
	}
	return listeners
}

package cause

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
)

// peer is who is at the other end of a connection. What is to be done about a certificate depends on it.
type peer int

const (
	server peer = iota // we have connected to it
	client             // it has connected to us
)

// ofTLS returns what crypto/tls and crypto/x509 say in words, with the remedy; nil: the error is not theirs.
func ofTLS(err error, p peer) error {
	var plain tls.RecordHeaderError
	var op *net.OpError
	var unverified *tls.CertificateVerificationError
	switch {
	case errors.As(err, &plain) && noTLS(plain.Msg) && p == client:
		return Because("it does not speak TLS: have it speak TLS, or name it a port without", err)
	case errors.As(err, &plain) && noTLS(plain.Msg):
		return Because("it does not speak TLS: name the port where it does, or speak plain text to it", err)
	case errors.As(err, &op) && op.Op == "remote error":
		return Because("it has ended the TLS handshake: "+alert(op.Err.Error(), p), err)
	case errors.As(err, &op) && op.Op == "local error":
		return Because("what it sent in the TLS handshake is refused here: "+alert(op.Err.Error(), p), err)
	}
	if text := certificate(err, p); text != "" {
		return Because(text, err)
	}
	if errors.As(err, &unverified) {
		return Because("its certificate cannot be verified: "+bare(unverified.Err.Error()), err)
	}
	if err != nil && strings.Contains(err.Error(), "tls: ") {
		_, text, _ := strings.Cut(err.Error(), "tls: ")
		return Because("the TLS handshake has failed: "+handshake(text, p), err)
	}
	return nil
}

// noTLS reports whether a first record is none of TLS. memcached's binary protocol looks like SSLv2 to crypto/tls.
func noTLS(said string) bool {
	return strings.HasPrefix(said, "first record") || strings.Contains(said, "SSLv2")
}

// certificate says why a certificate is not accepted; "": the error is not about one.
func certificate(err error, p peer) string {
	var name x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &name):
		text := "its certificate is not for " + name.Host
		if c := name.Certificate; c != nil && len(c.DNSNames)+len(c.IPAddresses) > 0 {
			text += fmt.Sprintf(", but for %s", names(c))
		}
		return text + ": give it one that has this name or address, or say with --server-tls-name which name it has"
	case errors.As(err, &unknown):
		return "its certificate is of an authority that is not known here: name the file with that authority's " +
			"certificate (" + [...]string{"--server-tls-ca", "--tls-client-ca"}[p] + ")"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired, or is not valid yet: renew it, and compare the clocks of both machines"
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return "its certificate is for another use: have one issued for " +
			[...]string{"servers (serverAuth)", "clients (clientAuth)"}[p]
	case errors.As(err, &invalid):
		return "its certificate, or that of its authority, is not valid: have it issued again"
	}
	return ""
}

func names(c *x509.Certificate) string {
	all := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if n := len(all) - 3; n > 0 {
		all = append(all[:3], fmt.Sprintf("%d more", n))
	}
	return strings.Join(all, ", ")
}

// What both kinds of peers are told.
const (
	versions = "the two have no version and cipher in common: use TLS 1.2 or 1.3 at both ends"
	damaged  = "what arrived is damaged, or not TLS as it should be: look at what stands between the two"
)

// alerts are what an end says when it gives a handshake up, by their numbers (RFC 8446, 6). crypto/tls as a client
// says 42 whatever is wrong with the certificate of a server.
var alerts = []struct {
	numbers        []tls.AlertError
	server, client string // who says it
}{
	{
		[]tls.AlertError{42, 43, 46},
		"it does not accept the certificate of --server-tls-cert: that has to be valid, for clients (clientAuth), " +
			"and of an authority that the server knows",
		"it does not accept the certificate of --tls-cert: that has to be valid, for the name by which the client " +
			"connects, and of an authority that the client knows",
	},
	{
		[]tls.AlertError{44},
		"the certificate of --server-tls-cert is revoked: have another one issued",
		"the certificate of --tls-cert is revoked: have another one issued",
	},
	{
		[]tls.AlertError{45},
		"the certificate of --server-tls-cert has expired: renew it",
		"the certificate of --tls-cert has expired: renew it",
	},
	{
		[]tls.AlertError{48},
		"it does not know the authority of the certificate of --server-tls-cert: name that authority's certificate " +
			"to the server",
		"it does not know the authority of the certificate of --tls-cert: name that authority's certificate to the " +
			"client",
	},
	{
		[]tls.AlertError{116},
		"it wants a certificate: show one by --server-tls-cert and --server-tls-key",
		"it wants a certificate: use one for --tls-cert that the client accepts",
	},
	{
		[]tls.AlertError{49}, "it does not let the user of the certificate in: see the server's rules, and " +
			"--server-tls-cert", "it does not want to speak to this proxy: see the client's log",
	},
	{
		[]tls.AlertError{40}, versions + "; or it wants a certificate: show one by --server-tls-cert and " +
			"--server-tls-key", versions,
	},
	{[]tls.AlertError{70, 71, 86}, versions, versions},
	{
		[]tls.AlertError{112},
		"the name that was asked for is not known there: say with --server-tls-name which it is",
		"the name in the certificate of --tls-cert is not the one that it wants",
	},
	{[]tls.AlertError{10, 20, 21, 22, 30, 47, 50, 51, 109, 110}, damaged, damaged},
	{
		[]tls.AlertError{120},
		"it wants to agree on a protocol (ALPN), and there is none: see what listens there",
		"it wants to agree on a protocol (ALPN), and there is none: have the client ask for none",
	},
	{
		[]tls.AlertError{80},
		"the end that refuses has an error of its own: look into its log",
		"the end that refuses has an error of its own: look into its log",
	},
	{[]tls.AlertError{90}, "it was given up", "it was given up"},
}

// alert puts the text of an alert into words.
func alert(said string, p peer) string {
	for _, a := range alerts {
		for _, n := range a.numbers {
			if said == n.Error() {
				return [...]string{a.server, a.client}[p]
			}
		}
	}
	return bare(said)
}

// phrase is what to say of an error that has no type, by a part of its text.
type phrase struct{ part, text string }

// wordsFor puts an error's text into words: those of the first phrase that fits, else its own.
func wordsFor(phrases []phrase, said string) string {
	for _, p := range phrases {
		if strings.Contains(said, p.part) {
			return p.text
		}
	}
	return bare(said)
}

// handshake puts an error of a handshake that has no type into words.
func handshake(said string, p peer) string {
	if strings.Contains(said, "peer doesn't support") {
		return "the certificate of " + [...]string{"--server-tls-cert", "--tls-cert"}[p] + " has a key of a kind " +
			"that the other end does not know: have one issued with a key of ECDSA P-256 or RSA"
	}
	return wordsFor(handshakes, said)
}

// handshakes are errors of handshakes.
var handshakes = []phrase{
	{"didn't provide a certificate", "the client has shown no certificate, and --tls-client-ca wants one"},
	{"unsupported versions", "the two have no version in common: use TLS 1.2 or 1.3 at both ends"},
	{"unsupported protocol version", "the two have no version in common: use TLS 1.2 or 1.3 at both ends"},
	{"no supported versions", "the two have no version in common: use TLS 1.2 or 1.3 at both ends"},
	{"protocol fallback", "the two have no version in common: use TLS 1.2 or 1.3 at both ends"},
	{"cipher suite", "the two have no cipher in common: use TLS 1.2 or 1.3 at both ends"},
	{"key exchanges", "the two have no key exchange in common: use TLS 1.2 or 1.3 at both ends, with P-256"},
	{"elliptic curve", "the two have no key exchange in common: use TLS 1.2 or 1.3 at both ends, with P-256"},
	{"to parse c", "its certificate cannot be read: have another one issued"},
	{"RSA key larger", "its certificate has too long a key: have one issued with 4096 bits, or with ECDSA"},
	{"unsupported public key", "its certificate has a key of a kind that is not known here: use ECDSA or RSA"},
	{"unsupported type of public key", "its certificate has a key of a kind that is not known here: use ECDSA or RSA"},
	{"unexpected", damaged},
	{"oversized record", damaged},
	{"received record with version", damaged},
	{"invalid", damaged},
	{"incorrect", damaged},
	{"handshake message of length", "the other end sends more than a handshake has: it may not speak TLS"},
}

// pairs are errors of files with a certificate and its key.
var pairs = []phrase{
	{"may have been switched", "the two files are exchanged"},
	{"in certificate input", "the first file has no certificate"},
	{"rather than a key", "the second file has a certificate in place of the key"},
	{"in key input", "the second file has no key"},
	{"does not match", "the key is not that of the certificate"},
	{"private key", "the key cannot be read; it must not be encrypted"},
	{"x509: ", "the certificate cannot be read"},
	{"public key", "the certificate is of a kind that is not supported: use RSA, ECDSA or Ed25519"},
}

// Pair says why a certificate and a key, the first and the second file, cannot be used together.
func Pair(err error) error {
	return Because(wordsFor(pairs, err.Error()), err)
}

// bare returns a text without the names of Go's packages.
func bare(text string) string {
	return strings.NewReplacer("tls: ", "", "x509: ", "").Replace(text)
}

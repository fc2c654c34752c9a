package cause

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
)

// ofTLS returns what crypto/tls and crypto/x509 say in words, with the remedy; nil: the error is not theirs.
func ofTLS(err error) error {
	var plain tls.RecordHeaderError
	var op *net.OpError
	var unverified *tls.CertificateVerificationError
	switch {
	case errors.As(err, &plain):
		return Because("it does not speak TLS: name the port where it does, or speak plain text to it", err)
	case errors.As(err, &op) && op.Op == "remote error":
		return Because("it has ended the TLS handshake: "+alert(op.Err.Error()), err)
	case errors.As(err, &op) && op.Op == "local error":
		return Because("what it sent in the TLS handshake is refused here: "+alert(op.Err.Error()), err)
	}
	if text := certificate(err); text != "" {
		return Because(text, err)
	}
	if errors.As(err, &unverified) {
		return Because("its certificate cannot be verified: "+bare(unverified.Err.Error()), err)
	}
	if err != nil && strings.Contains(err.Error(), "tls: ") {
		_, text, _ := strings.Cut(err.Error(), "tls: ")
		return Because("the TLS handshake has failed: "+wordsFor(handshakes, text), err)
	}
	return nil
}

// certificate says why a certificate is not accepted; "": the error is not about one.
func certificate(err error) string {
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
			"certificate (--server-tls-ca for servers, --tls-client-ca for clients)"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired, or is not valid yet: renew it, and compare the clocks of both machines"
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return "its certificate is for another use: servers need one for servers (serverAuth), clients one for " +
			"clients (clientAuth)"
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

// alerts are what an end says when it gives a handshake up, by their numbers (RFC 8446, 6).
var alerts = []struct {
	numbers []tls.AlertError
	text    string
}{
	{[]tls.AlertError{42, 43, 44, 45, 46}, "the certificate that was shown is not accepted: renew it"},
	{[]tls.AlertError{48}, "the certificate that was shown is of an authority that is not known there: name that " +
		"authority's certificate to the one that refuses"},
	{[]tls.AlertError{49, 116}, "a certificate is wanted: show one, with its key"},
	{[]tls.AlertError{40, 47, 70, 71, 86, 109, 120}, "the two have no version and cipher in common: use TLS 1.2 or " +
		"1.3 at both ends"},
	{[]tls.AlertError{112}, "the name that was asked for is not known there: say with --server-tls-name which it is"},
	{[]tls.AlertError{10, 20, 21, 22, 50, 51}, "what arrived is damaged, or not TLS as it should be: look at what " +
		"stands between the two"},
	{[]tls.AlertError{80}, "the end that refuses has an error of its own: look into its log"},
	{[]tls.AlertError{90}, "it was given up"},
}

// alert puts the text of an alert into words.
func alert(said string) string {
	for _, a := range alerts {
		for _, n := range a.numbers {
			if said == n.Error() {
				return a.text
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

// handshakes are errors of handshakes.
var handshakes = []phrase{
	{"unsupported versions", "the two have no version in common: use TLS 1.2 or 1.3 at both ends"},
	{"unsupported protocol version", "the two have no version in common: use TLS 1.2 or 1.3 at both ends"},
	{"no supported versions", "the two have no version in common: use TLS 1.2 or 1.3 at both ends"},
	{"cipher suite", "the two have no cipher in common: use TLS 1.2 or 1.3 at both ends"},
	{"didn't provide a certificate", "the client has shown no certificate, and --tls-client-ca wants one"},
	{"unrecognized name", "the name that was asked for is not known there: say with --server-tls-name which it is"},
	{"unexpected message", "what arrived is damaged, or not TLS as it should be: look at what stands between the two"},
	{"oversized record", "what arrived is damaged, or not TLS as it should be: look at what stands between the two"},
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

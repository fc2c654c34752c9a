package config

import (
	yaml "go.yaml.in/yaml/v4"
)

// tlsListen parses the address on which clients speak TLS, if that is not the one of listen.
func (s *section) tlsListen(n *yaml.Node) {
	l, f := parseListenLine(n.Value)
	if f == nil && l.Network == "unix" {
		f = &flaw{problem: "a unix socket is not encrypted", remedy: "write host:port"}
	}
	if f != nil {
		s.fail(n, "%v", f.of("tls_listen", n.Value, "write host:port"))
		return
	}
	s.tlsListenAt, s.encrypted = n, l
}

// checkServerTLS finds errors in the keys about TLS of servers.
func (s *section) checkServerTLS() {
	p := &s.pool
	for _, name := range []string{"server_tls_ca", "server_tls_cert", "server_tls_key", "server_tls_name"} {
		if at := s.keys[name]; at != nil && !p.ServerTLS {
			s.fail(at, "%s needs server_tls: true, which has servers spoken to by TLS", name)
		}
	}
	if at := s.keys["server_tls"]; p.ServerTLS && len(p.Servers) > 0 && p.OnlySockets() {
		s.fail(at, "server_tls has no effect: unix sockets are not encrypted: leave it out")
	}
	if at := s.keys["server_tls_cert"]; at != nil && p.ServerTLSKey == "" {
		s.fail(at, "server_tls_cert needs server_tls_key: FILE, with the key of the certificate in PEM")
	}
	if at := s.keys["server_tls_key"]; at != nil && p.ServerTLSCert == "" {
		s.fail(at, "server_tls_key needs server_tls_cert: FILE, with the certificate in PEM")
	}
}

// checkTLS finds errors in the keys about TLS of clients, and says which listener is encrypted.
func (s *section) checkTLS() {
	s.checkServerTLS()
	p := &s.pool
	for _, name := range []string{"tls_key", "tls_client_ca", "tls_listen"} {
		if at := s.keys[name]; at != nil && p.TLSCert == "" {
			s.fail(at, "%s needs tls_cert: FILE, with the certificate in PEM", name)
		}
	}
	if p.TLSCert == "" {
		return
	}
	switch at := s.keys["tls_cert"]; {
	case p.TLSKey == "":
		s.fail(at, "tls_cert needs tls_key: FILE, with the key of the certificate in PEM")
	case s.tlsListenAt != nil:
		l := p.Listen[0]
		l.Network, l.Address, l.Mode, l.TLS = s.encrypted.Network, s.encrypted.Address, 0, true
		p.Listen = append(p.Listen, l)
	case s.keys["tls_listen"] != nil: // which is wrong
	case p.Listen[0].Network == "unix":
		s.fail(at, "tls_cert does not encrypt the unix socket of listen: add tls_listen: HOST:PORT, or leave it out")
	default:
		p.Listen[0].TLS = true
	}
}

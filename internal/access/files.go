package access

import (
	"crypto/tls"
	"fmt"

	"magent/internal/config"
	"magent/internal/handshake"
	"magent/internal/login"
)

// Files are what a process has read of the files by which servers are spoken to. It is used by any goroutine.
type Files struct {
	Logins login.Files // of clients, too
	tls    handshake.Store
}

// Certificates are what ReadTLS has read, for UseTLS.
type Certificates map[handshake.Files]*tls.Config

// ReadTLS reads the certificates and keys by which the servers of pools are spoken to; a pool may be nil. An error
// names the file.
func ReadTLS(pools []*config.Pool) (Certificates, error) {
	var all []handshake.Files
	for _, cfg := range pools {
		if cfg != nil && cfg.ServerTLS {
			all = append(all, filesOf(cfg))
		}
	}
	configs, err := handshake.Read(all, handshake.ClientConfig)
	if err != nil {
		return nil, fmt.Errorf("TLS to servers: %w", config.Unread(err))
	}
	return configs, nil
}

// UseTLS has new connections use these certificates and keys, and forgets others.
func (f *Files) UseTLS(c Certificates) { f.tls.Use(c) }

// Add has files be used as well that were not there yet.
func (f *Files) Add(c Certificates, logins map[string]*login.Users) {
	f.Logins.Add(logins)
	f.tls.Add(c)
}

// AnyTLS reports whether there are certificates in use.
func (f *Files) AnyTLS() bool { return len(f.tls.All()) > 0 }

func filesOf(cfg *config.Pool) handshake.Files {
	return handshake.Files{Cert: cfg.ServerTLSCert, Key: cfg.ServerTLSKey, CA: cfg.ServerTLSCA}
}

// ReadLogins reads the files of passwords of pools, for Logins.Use; a pool may be nil. An error names the file.
func ReadLogins(pools []*config.Pool) (map[string]*login.Users, error) {
	read := map[string]*login.Users{}
	for _, cfg := range pools {
		if cfg == nil {
			continue
		}
		if _, err := readLogin(read, cfg.AuthFile); err != nil {
			return nil, fmt.Errorf("passwords of clients: %w", config.Unread(err))
		}
		told, err := readLogin(read, cfg.ServerAuthFile)
		if err == nil && told != nil {
			err = told.Sayable()
		}
		if err != nil {
			return nil, fmt.Errorf("the password of servers: %w", config.Unread(err))
		}
	}
	return read, nil
}

// readLogin reads a file, unless it has been read. Without a path it returns nil.
func readLogin(read map[string]*login.Users, path string) (*login.Users, error) {
	if path == "" || read[path] != nil {
		return read[path], nil
	}
	u, err := login.Read(path)
	if err == nil {
		read[path] = u
	}
	return u, err
}

// To returns how a server of a pool is spoken to. The files of the pool have been read.
func (f *Files) To(cfg *config.Pool, a config.Address) Dialer {
	d := Dialer{Login: f.Logins.Of(cfg.ServerAuthFile)}
	if !cfg.ServerTLS {
		return d
	}
	d.TLS, d.Name = f.tls.Of(filesOf(cfg)), cfg.ServerTLSName
	if d.Name == "" && a.Network == "tcp" {
		d.Name = a.Host
	}
	return d
}

// ToSentinels returns how the Sentinels of a pool are spoken to: without a password. f may be nil if that is not by
// TLS.
func (f *Files) ToSentinels(cfg *config.Pool) Dialer {
	if !cfg.ServerTLS {
		return Dialer{}
	}
	return Dialer{TLS: f.tls.Of(filesOf(cfg)), Name: cfg.ServerTLSName}
}

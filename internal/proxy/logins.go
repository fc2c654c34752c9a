package proxy

import (
	"errors"

	"magent/internal/access"
)

// ReadFiles reads all files of passwords, and all certificates and keys, again. They count when use is called. Clients
// that are connected stay, and so do connections to servers. After an error nothing has changed. There must be no
// Reload meanwhile.
func (svc *Service) ReadFiles() (use func(), err error) {
	logins, err := access.ReadLogins(svc.cfgs)
	configs, wrongTLS := access.ReadClientTLS(svc.cfgs)
	certificates, wrongServerTLS := access.ReadTLS(svc.cfgs)
	if err = errors.Join(err, wrongTLS, wrongServerTLS); err != nil {
		return nil, err
	}
	return func() {
		svc.shared.Files.Logins.Use(logins)
		svc.tls.Use(configs)
		svc.shared.Files.UseTLS(certificates)
	}, nil
}

// HasLogins reports whether a pool has a file of passwords.
func (svc *Service) HasLogins() bool { return svc.shared.Files.Logins.Any() }

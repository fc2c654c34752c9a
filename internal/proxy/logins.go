package proxy

import "magent/internal/access"

// RenewLogins reads all files of passwords again. Clients that have authenticated stay; connections to servers stay,
// too. An error means that nothing has changed. There must be no Reload meanwhile.
func (svc *Service) RenewLogins() error {
	logins, err := access.ReadLogins(svc.cfgs)
	if err == nil {
		svc.shared.Files.Logins.Use(logins)
	}
	return err
}

// HasLogins reports whether a pool has a file of passwords.
func (svc *Service) HasLogins() bool { return svc.shared.Files.Logins.Any() }

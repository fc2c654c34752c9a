package proxy

import "fmt"

// RenewLogins reads all files of passwords again. Clients that have authenticated stay; connections to servers stay,
// too. An error means that nothing has changed. It may be called from any goroutine.
func (svc *Service) RenewLogins() error {
	if err := svc.shared.Files.Logins.Renew(); err != nil {
		return fmt.Errorf("passwords: %w", err)
	}
	return nil
}

// HasLogins reports whether a pool has a file of passwords.
func (svc *Service) HasLogins() bool { return svc.shared.Files.Logins.Any() }

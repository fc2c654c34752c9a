package proxy

import (
	"fmt"

	"magent/internal/config"
)

// openLogins reads the files of passwords of a pool, unless they are known already.
func (svc *Service) openLogins(cfg *config.Pool) error {
	if _, err := svc.shared.Logins.Open(cfg.AuthFile); err != nil {
		return fmt.Errorf("passwords of clients: %w", err)
	}
	told, err := svc.shared.Logins.Open(cfg.ServerAuthFile)
	if err == nil && told != nil {
		err = told.Users().Sayable()
	}
	if err != nil {
		return fmt.Errorf("the password of servers: %w", err)
	}
	return nil
}

// RenewLogins reads all files of passwords again. Clients that have authenticated stay; connections to servers stay,
// too. An error means that nothing has changed. It may be called from any goroutine.
func (svc *Service) RenewLogins() error {
	if err := svc.shared.Logins.Renew(); err != nil {
		return fmt.Errorf("passwords: %w", err)
	}
	return nil
}

// HasLogins reports whether a pool has a file of passwords.
func (svc *Service) HasLogins() bool { return svc.shared.Logins.Any() }

package proxy

import (
	"fmt"

	"magent/internal/access"
	"magent/internal/config"
)

// CheckFiles reads the files of passwords and of certificates that pools name, as Start does, and returns all that is
// wrong.
func CheckFiles(pools []config.Pool) (wrong []error) {
	for i := range pools {
		cfg := &pools[i]
		_, clients := access.ReadClientTLS([]*config.Pool{cfg})
		_, servers := access.ReadTLS([]*config.Pool{cfg})
		_, passwords := access.ReadLogins([]*config.Pool{cfg})
		for _, err := range []error{clients, servers, passwords} {
			if err != nil {
				wrong = append(wrong, fmt.Errorf("pool %q: %w", cfg.Name, err))
			}
		}
	}
	return wrong
}

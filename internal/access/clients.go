package access

import (
	"crypto/tls"
	"fmt"

	"magent/internal/config"
	"magent/internal/handshake"
)

// ClientFiles returns the files by which the clients of a pool speak TLS.
func ClientFiles(cfg *config.Pool) handshake.Files {
	return handshake.Files{Cert: cfg.TLSCert, Key: cfg.TLSKey, CA: cfg.TLSClientCA}
}

// ReadClientTLS reads the certificates and keys for the clients of pools; a pool may be nil. An error names the file.
func ReadClientTLS(pools []*config.Pool) (map[handshake.Files]*tls.Config, error) {
	var all []handshake.Files
	for _, cfg := range pools {
		if cfg != nil && cfg.TLSCert != "" {
			all = append(all, ClientFiles(cfg))
		}
	}
	configs, err := handshake.Read(all, handshake.ServerConfig)
	if err != nil {
		return nil, fmt.Errorf("TLS for clients: %w", config.Unread(err))
	}
	return configs, nil
}

package plan

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"magent/internal/config"
	"magent/internal/fleet/view"
	"magent/internal/placement"
)

// maxText is how long the text is at most by which members compare their pools. Of more pools and servers they compare
// a hash, so that neither a difference can be named nor roles be exchanged.
const maxText = 8 << 10

// Shortened is a text by which members compare their pools, or a hash of it.
func Shortened(text string) []byte {
	if len(text) > maxText {
		return fmt.Appendf(nil, "pools and servers with the hash %x", sha256.Sum256([]byte(text)))
	}
	return []byte(text)
}

// Text is what places the keys of pools.
func Text(pools []*config.Pool) string {
	var text strings.Builder
	for _, cfg := range pools {
		text.WriteString(TextOf(cfg))
	}
	return text.String()
}

// TextOf is what places the keys of a pool.
func TextOf(cfg *config.Pool) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s%s: %s, %s", view.PoolLine, cfg.Name, cfg.Distribution, cfg.Hash)
	if cfg.HashTag != "" {
		fmt.Fprintf(&text, ", hash tag %s", cfg.HashTag)
	}
	if placement.Ejects(cfg) {
		text.WriteString(", keys move when a server is ejected")
	}
	text.WriteByte('\n')
	list := func(role string, servers []config.Address) {
		for _, a := range servers {
			fmt.Fprintf(&text, "%s%s of %s, weight %d", role, a, cfg.Name, a.Weight)
			if a.Name != "" {
				fmt.Fprintf(&text, ", named %s", a.Name)
			}
			text.WriteByte('\n')
		}
	}
	list(view.ServerLine, cfg.Servers)
	list(view.BackupLine, cfg.Backups)
	return text.String()
}

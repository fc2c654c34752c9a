package placement

import (
	"strings"

	"magent/internal/config"
)

// Lettered returns pools by their names and servers, single letters: primaries, then backups. A pool is of Redis
// servers if its name begins so. Without a name there is none.
func Lettered(of ...[3]string) (pools []*config.Pool) {
	for _, one := range of {
		if one[0] == "" {
			pools = append(pools, nil)
			continue
		}
		pools = append(pools, &config.Pool{
			Name: one[0], Redis: strings.HasPrefix(one[0], "redis"),
			Servers: letters(one[1]), Backups: letters(one[2]),
		})
	}
	return pools
}

func letters(names string) (servers []config.Address) {
	for _, name := range names {
		servers = append(servers, config.Address{Host: string(name), Port: 1, Weight: 1})
	}
	return servers
}

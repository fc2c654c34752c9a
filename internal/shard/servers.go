package shard

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"magent/internal/config"
)

// startLookup bounds the look-up of all names at the start.
const startLookup = 900 * time.Millisecond

// checkServers looks up every server that is given by name, or its sentinels, all at the same time, and the interface in every IPv6
// address that has one, so that a misspelt one is told at the start.
func checkServers(pools []config.Pool, lookup lookupFunc) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLookup)
	defer cancel()
	var servers []config.Address
	for i := range pools {
		servers = slices.Concat(servers, pools[i].Servers, pools[i].Backups)
	}
	errs := make([]error, len(servers))
	var all sync.WaitGroup
	all.Add(len(servers))
	for i, a := range servers {
		go checkServer(ctx, a, lookup, &errs[i], &all)
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("server %q: %w", servers[i].String(), err)
		}
	}
	return nil
}

// checkServer is a goroutine of checkServers.
func checkServer(ctx context.Context, a config.Address, lookup lookupFunc, result *error, all *sync.WaitGroup) {
	defer all.Done()
	if e, fixed := fixedEndpoint(a); fixed {
		*result = e.Check()
		return
	}
	if a.Network == "sentinel" {
		*result = checkSentinels(ctx, a, lookup)
		return
	}
	_, *result = lookup(ctx, "ip", a.Host)
}

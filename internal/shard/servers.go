package shard

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"magent/internal/config"
	"magent/internal/loop"
)

// startLookup bounds the look-up of all names at the start.
const startLookup = 900 * time.Millisecond

// doubt is a server that cannot be reached as it is configured, and why: its name has no address, or its interface is not there. That
// may change, so it is out of use and looked up again, and keeps nothing else from being served.
type doubt struct {
	server string
	reason error
}

func (d doubt) String() string { return fmt.Sprintf("server %q: %v: %s", d.server, d.reason, doubtful) }

const doubtful = "it is out of use, and looked up again"

// doubts looks up every server that is given by name, or its sentinels, all at the same time, and the interface in every IPv6
// address that has one, so that a misspelt one is told at once.
func doubts(pools []config.Pool, lookup lookupFunc) (found []doubt) {
	ctx, cancel := context.WithTimeout(context.Background(), startLookup)
	defer cancel()
	var servers []config.Address
	for i := range pools {
		servers = slices.Concat(servers, pools[i].Servers, pools[i].Backups)
	}
	errs := make([]error, len(servers))
	var all sync.WaitGroup
	for i, a := range servers {
		all.Go(func() { errs[i] = checkServer(ctx, a, lookup) })
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			found = append(found, doubt{servers[i].String(), err})
		}
	}
	return found
}

// tellDoubts logs them.
func (svc *Service) tellDoubts(found []doubt) {
	for _, d := range found {
		svc.log.Warn().Str("server", d.server).AnErr("reason", d.reason).Msg("a server cannot be found: " + doubtful)
	}
}

// checkServer returns why a server cannot be reached as it is configured.
func checkServer(ctx context.Context, a config.Address, lookup lookupFunc) error {
	if e, fixed := fixedEndpoint(a); fixed {
		return e.Check()
	}
	if a.Network == "sentinel" {
		return checkSentinels(ctx, a, lookup)
	}
	found, err := lookup(ctx, "ip", a.Host)
	if err == nil && len(found) == 0 {
		err = loop.ErrNoAddress
	}
	return err
}

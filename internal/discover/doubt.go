package discover

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"magent/internal/config"
	"magent/internal/loop"
)

// startLookup bounds the time to look up all names at the start.
const startLookup = 900 * time.Millisecond

// Doubt tells that a server cannot be reached as it is configured, and why: its name has no address, or its network
// interface does not exist. This may change, so the server is ejected and looked up again. Everything else is served.
type Doubt struct {
	Pool   string
	Server string // as it is configured
	Reason error
}

func (d Doubt) String() string { return fmt.Sprintf("server %q: %v: %s", d.Server, d.Reason, doubtful) }

const doubtful = "it is out of use, and looked up again"

// Check looks up every server of the pools. It logs and returns those that cannot be reached as they are configured.
func (s *Servers) Check(pools []config.Pool) []Doubt {
	found := doubts(pools, s.opt.Lookup)
	for _, d := range found {
		s.opt.Log.Warn().Str("pool", d.Pool).Str("server", d.Server).AnErr("reason", d.Reason).
			Msg("a server cannot be found: " + doubtful)
	}
	return found
}

// doubts checks all servers of the pools at the same time, so that a misspelt name is reported at once. It looks up
// the names of servers and of Sentinels, and the network interfaces in IPv6 addresses.
func doubts(pools []config.Pool, lookup LookupFunc) (found []Doubt) {
	ctx, cancel := context.WithTimeout(context.Background(), startLookup)
	defer cancel()
	var servers []config.Address
	var pool []string // of each
	for i := range pools {
		servers = slices.Concat(servers, pools[i].Servers, pools[i].Backups)
		for len(pool) < len(servers) {
			pool = append(pool, pools[i].Name)
		}
	}
	errs := make([]error, len(servers))
	var all sync.WaitGroup
	for i, a := range servers {
		all.Go(func() { errs[i] = checkServer(ctx, a, lookup) })
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			found = append(found, Doubt{pool[i], servers[i].String(), err})
		}
	}
	return found
}

// checkServer returns why a server cannot be reached as it is configured, or nil. It does not connect to the server.
func checkServer(ctx context.Context, a config.Address, lookup LookupFunc) error {
	if e, fixed := Fixed(a); fixed {
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

// checkSentinels looks up the names of Sentinels. It is enough if one of them has an address, because others may be
// down. Otherwise it returns the error of the last one.
func checkSentinels(ctx context.Context, a config.Address, lookup LookupFunc) (err error) {
	for _, sentinel := range a.SentinelHosts() {
		host, _, splitErr := net.SplitHostPort(sentinel)
		if splitErr != nil {
			return splitErr
		}
		if _, numeric := netip.ParseAddr(host); numeric == nil {
			return nil
		}
		if _, err = lookup(ctx, "ip", host); err == nil {
			return nil
		}
	}
	return fmt.Errorf("none of its sentinels has an address: %w", err)
}

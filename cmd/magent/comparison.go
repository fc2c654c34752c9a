package main

import (
	"context"
	"net"

	"magent/internal/config"
	"magent/internal/placement"
	"magent/internal/verify"
)

// comparison has the parsed flags of magent verify.
type comparison struct {
	help                bool
	pool                config.Pool
	rate, show          int
	repair, fill, force bool
}

func (c *comparison) options() (verify.Options, error) {
	o := verify.Options{
		Primaries: c.servers(c.pool.Servers), Backups: c.servers(c.pool.Backups),
		Timeout: c.pool.Timeout, Rate: c.rate, Repair: c.repair, Fill: c.fill, Force: c.force,
	}
	rings, err := placement.New(&c.pool)
	o.Hash, o.PrimaryRing, o.BackupRing = rings.Hash, rings.Primaries, rings.Backups
	return o, err
}

func (c *comparison) servers(addresses []config.Address) []verify.Server {
	var servers []verify.Server
	for _, a := range addresses {
		dialer := &net.Dialer{Timeout: c.pool.ConnectTimeout}
		servers = append(servers, verify.Server{Name: a.String(), Dial: func(ctx context.Context) (net.Conn, error) {
			return dialer.DialContext(ctx, a.Network, a.String())
		}})
	}
	return servers
}

package main

import (
	"context"
	"net"

	"magent/internal/config"
	"magent/internal/login"
	"magent/internal/placement"
	"magent/internal/verify"
)

// comparison has the parsed flags of magent verify.
type comparison struct {
	help                bool
	pool                config.Pool
	rate, show          int
	repair, fill, force bool
	told                *login.File // what servers are told first; nil: nothing
}

func (c *comparison) options() (verify.Options, error) {
	if err := c.openLogin(); err != nil {
		return verify.Options{}, err
	}
	o := verify.Options{
		Primaries: c.servers(c.pool.Servers), Backups: c.servers(c.pool.Backups),
		Timeout: c.pool.Timeout, Rate: c.rate, Repair: c.repair, Fill: c.fill, Force: c.force,
	}
	rings, err := placement.New(&c.pool)
	o.Hash, o.PrimaryRing, o.BackupRing = rings.Hash, rings.Primaries, rings.Backups
	return o, err
}

// openLogin reads what servers are told first.
func (c *comparison) openLogin() (err error) {
	if c.told, err = new(login.Files).Open(c.pool.ServerAuthFile); err == nil && c.told != nil {
		err = c.told.Users().Sayable()
	}
	return err
}

func (c *comparison) servers(addresses []config.Address) []verify.Server {
	var servers []verify.Server
	for _, a := range addresses {
		dialer := &net.Dialer{Timeout: c.pool.ConnectTimeout}
		servers = append(servers, verify.Server{Name: a.String(), Dial: func(ctx context.Context) (net.Conn, error) {
			return c.told.Dial(ctx, dialer, a.Network, a.String(), c.pool.Timeout)
		}})
	}
	return servers
}

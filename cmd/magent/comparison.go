package main

import (
	"context"
	"io"
	"net"

	"magent/cmd/magent/report"
	"magent/internal/access"
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
	files               access.Files // by which servers are spoken to
	asked               settled      // before a repair
}

func (c *comparison) options() (verify.Options, error) {
	if err := c.openFiles(); err != nil {
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

// report says what is reported, and where.
func (c *comparison) report(stdout, stderr io.Writer) report.Options {
	return report.Options{
		Program: program, Primaries: config.Texts(c.pool.Servers), Backups: config.Texts(c.pool.Backups),
		Show: c.show, Stdout: stdout, Stderr: stderr,
	}
}

// openFiles reads the files by which servers are spoken to.
func (c *comparison) openFiles() error {
	certificates, err := access.ReadTLS([]*config.Pool{&c.pool})
	if err != nil {
		return err
	}
	c.pool.AuthFile = "" // of clients
	logins, err := access.ReadLogins([]*config.Pool{&c.pool})
	if err != nil {
		return err
	}
	c.files.UseTLS(certificates)
	c.files.Logins.Use(logins)
	return nil
}

func (c *comparison) servers(addresses []config.Address) []verify.Server {
	var servers []verify.Server
	for _, a := range addresses {
		dialer, to := &net.Dialer{Timeout: c.pool.ConnectTimeout}, c.files.To(&c.pool, a)
		dial := func(ctx context.Context) (net.Conn, error) {
			return to.Dial(ctx, dialer, a.Network, a.String(), c.pool.Timeout)
		}
		drained := c.pool.DrainOf(a.String()) != nil
		servers = append(servers, verify.Server{Name: a.String(), Dial: dial, Drained: drained})
	}
	return servers
}

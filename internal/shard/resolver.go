package shard

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"magent/backend"
	"magent/internal/config"
	"magent/internal/loop"
)

// fixedEndpoint is the endpoint of a server that needs no look-up.
func fixedEndpoint(a config.Address) (loop.Endpoint, bool) {
	if a.Network == "unix" {
		return loop.Endpoint{Path: a.Path}, true
	}
	ip, err := netip.ParseAddr(a.Host)
	if err != nil {
		return loop.Endpoint{}, false
	}
	return loop.Endpoint{Addr: netip.AddrPortFrom(ip, uint16(a.Port))}, true
}

// dialer looks up the name of one server for one loop before each connect.
type dialer struct {
	sh      *Shard
	host    string
	port    int
	timeout time.Duration
	tries   int // used by the resolver only: which of several addresses is next
}

// Resolve has the resolver look the name up; the answer comes through the loop's mailbox.
func (d *dialer) Resolve(c *backend.Conn) {
	select {
	case d.sh.svc.lookups <- lookup{d, c}:
	default:
		d.sh.l.Post(loop.TaskFunc(func() { c.Resolved(loop.Endpoint{}, fmt.Errorf("too many look-ups are waiting")) }))
	}
}

// lookup is one name to be looked up for one connection.
type lookup struct {
	d *dialer
	c *backend.Conn
}

// resolve is the resolver's goroutine. Look-ups go one after the other, each bounded by the connect deadline.
func (svc *Service) resolve(ctx context.Context) {
	defer svc.helpers.Done()
	for {
		select {
		case <-ctx.Done():
			return
		case q := <-svc.lookups:
			e, err := q.d.lookup(ctx)
			q.d.sh.l.Post(loop.TaskFunc(func() { q.c.Resolved(e, err) }))
		}
	}
}

// lookup finds an address of the server. Where there are several, the next attempt to connect gets the next one.
func (d *dialer) lookup(ctx context.Context) (loop.Endpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", d.host)
	if err != nil {
		return loop.Endpoint{}, err
	}
	ip := ips[d.tries%len(ips)]
	d.tries++
	return loop.Endpoint{Addr: netip.AddrPortFrom(ip.Unmap(), uint16(d.port))}, nil
}

// startLookup bounds the look-up of all names at the start.
const startLookup = 900 * time.Millisecond

// checkNames looks up every server that is given by name, so that a misspelt one is told at the start.
func checkNames(pools []config.Pool) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLookup)
	defer cancel()
	for i := range pools {
		for _, a := range append(append([]config.Address(nil), pools[i].Servers...), pools[i].Backups...) {
			if _, fixed := fixedEndpoint(a); fixed {
				continue
			}
			if _, err := net.DefaultResolver.LookupNetIP(ctx, "ip", a.Host); err != nil {
				return fmt.Errorf("server %q: %w", a.String(), err)
			}
		}
	}
	return nil
}

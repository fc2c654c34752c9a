package discover

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"magent/internal/cause"
	"magent/internal/config"
	"magent/internal/loop"
)

// LookupFunc looks up the addresses of a host name, as net.Resolver.LookupNetIP does.
type LookupFunc func(ctx context.Context, network, host string) ([]netip.Addr, error)

// lookUp asks the resolver of the system. Its errors do not name the name server: an operator would take that address
// for the server that is not found.
func lookUp(ctx context.Context, network, host string) ([]netip.Addr, error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, network, host)
	if found := (*net.DNSError)(nil); errors.As(err, &found) {
		err = cause.Of(found)
	}
	return addrs, err
}

// Finder returns the addresses of one server. ctx must have a deadline; Finder returns early when ctx is done.
type Finder = func(ctx context.Context) ([]loop.Endpoint, error)

// Fixed returns the endpoint of a server that needs no look-up. It returns false for a name, and for Sentinels.
func Fixed(a config.Address) (loop.Endpoint, bool) {
	switch a.Network {
	case "unix":
		return loop.Endpoint{Path: a.Path}, true
	case "sentinel":
		return loop.Endpoint{}, false
	}
	ip, err := netip.ParseAddr(a.Host)
	if err != nil {
		return loop.Endpoint{}, false
	}
	return loop.Endpoint{Addr: netip.AddrPortFrom(ip, uint16(a.Port))}, true
}

// hostFinder returns the Finder of a server that is given by an address or by a name.
func hostFinder(a config.Address, lookup LookupFunc) Finder {
	if e, fixed := Fixed(a); fixed {
		return func(context.Context) ([]loop.Endpoint, error) { return []loop.Endpoint{e}, nil }
	}
	return func(ctx context.Context) ([]loop.Endpoint, error) {
		ips, err := lookup(ctx, "ip", a.Host)
		var addrs []loop.Endpoint
		for _, ip := range ips {
			addrs = append(addrs, loop.Endpoint{Addr: netip.AddrPortFrom(ip.Unmap(), uint16(a.Port))})
		}
		return addrs, err
	}
}

package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// resolveTime bounds a look-up at start, so that a wrong name fails within a second.
const resolveTime = 800 * time.Millisecond

// ResolveListen turns "host:port" into one "IP:port" for each address of the host, to listen on. Of a name that has
// both, only the IPv4 addresses count: the IPv6 ones often are of no use, and clients of a name try all.
func ResolveListen(hostPort string) ([]string, error) {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return []string{hostPort}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), resolveTime)
	defer cancel()
	var found []netip.Addr
	for _, network := range []string{"ip4", "ip6"} {
		if found, err = net.DefaultResolver.LookupNetIP(ctx, network, host); err == nil && len(found) > 0 {
			break
		}
	}
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("unknown host %s (%s): check the name, or give an IP address", host, lookupCause(err))
	}
	var addresses []string
	for _, ip := range found {
		addresses = append(addresses, net.JoinHostPort(ip.Unmap().String(), port))
	}
	return addresses, nil
}

func lookupCause(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsTimeout:
		return "no answer from the name server"
	case errors.As(err, &dns):
		return dns.Err
	case err != nil:
		return err.Error()
	}
	return "it has no address"
}

package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// resolveTime limits a lookup at the start, so that a wrong name fails within a second.
const resolveTime = 800 * time.Millisecond

// ResolveListen turns "host:port" into an "IP:port" for each address of the host, to listen on. If a name
// has both IPv4 and IPv6 addresses, only the former are used: the IPv6 ones often do not work, and clients
// of a name try all of them.
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

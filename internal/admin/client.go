package admin

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"
)

// Client returns an HTTP client for the Server at address, and the URL of its pages without a slash at the end. limit
// bounds the time of each request. address is a host:port, or the path of a unix socket, which begins with "/".
func Client(address string, limit time.Duration) (client *http.Client, url string) {
	client = &http.Client{Timeout: limit}
	if !strings.HasPrefix(address, "/") {
		return client, "http://" + address
	}
	client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", address)
	}}
	return client, "http://localhost"
}

package admin

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"
)

// Bearer returns a client like c that sends a token with each request. An empty token is not sent.
func Bearer(c *http.Client, token string) *http.Client {
	if token == "" {
		return c
	}
	with := *c
	with.Transport = &bearer{next: c.Transport, token: token}
	return &with
}

// bearer adds a token to requests.
type bearer struct {
	next  http.RoundTripper // nil: the default one
	token string
}

// RoundTrip implements http.RoundTripper.
func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	next := b.next
	if next == nil {
		next = http.DefaultTransport
	}
	return next.RoundTrip(r)
}

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

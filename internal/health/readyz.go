package health

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"magent/internal/cause"
)

// longestAnswer is the maximum number of bytes read from an answer.
const longestAnswer = 64 << 10

// ready asks /readyz at o.Admin whether any pool of the process can serve. This works even when the pools accept no
// more clients.
func ready(ctx context.Context, o Options) (told string, err error) {
	began := time.Now()
	client := http.Client{Transport: &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, o.Admin) },
		DisableKeepAlives: true,
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/readyz", nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		said := reason(o.Admin, err)
		if cause.NotHTTP(err) {
			said = fmt.Errorf("%w: name the address of --admin, or ask a pool by its address alone", said)
		}
		return "", said
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	if err != nil {
		return "", reason(o.Admin, err)
	}
	said := strings.ReplaceAll(strings.TrimSpace(string(body)), "\n", "; ")
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s: %s", o.Admin, response.Status, said)
	}
	told = fmt.Sprintf("%s serves, in %.1f ms", o.Admin, float64(time.Since(began).Microseconds())/1000)
	if said != "ok" {
		told += "; " + said
	}
	return told, nil
}

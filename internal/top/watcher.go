package top

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"magent/internal/admin"
	"magent/internal/control"
	"magent/internal/status"
)

const (
	period   = time.Second            // between two reports
	keyPause = 100 * time.Millisecond // between two checks of the keyboard
	wait     = 5 * time.Second        // for a report
	longest  = 64 << 20               // bytes of a report
)

// Watcher asks one magent for reports.
type Watcher struct {
	address string
	url     string
	client  *http.Client
	lately  []float64
}

// New returns a Watcher for the magent at address, which is a host:port, or the path of a unix socket. token may be
// empty. The caller closes it.
func New(address, token string) *Watcher {
	client, base := admin.Client(address, wait)
	return &Watcher{address: address, url: base + "/stats.json", client: admin.Bearer(client, token)}
}

// Close ends what New has begun.
func (w *Watcher) Close() { w.client.CloseIdleConnections() }

// Raw writes one report as the magent sends it.
func (w *Watcher) Raw(ctx context.Context, out io.Writer) error {
	body, err := w.fetch(ctx)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(out, io.LimitReader(body, longest))
	return err
}

// Once writes one report as plain text.
func (w *Watcher) Once(ctx context.Context, out io.Writer) error {
	r, err := w.report(ctx)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, status.Screen{}.Draw(r))
	return err
}

// Live draws a report every period, until the user ends it.
func (w *Watcher) Live(ctx context.Context, screen *os.File) error {
	if _, err := w.report(ctx); err != nil { // report a wrong address at once, and not on the other screen
		return err
	}
	t := openTerminal(screen)
	defer t.restore()
	tick := time.NewTicker(keyPause)
	defer tick.Stop()
	for due := time.Now(); ; {
		if now := time.Now(); !now.Before(due) {
			due = now.Add(period)
			t.draw(w.text(ctx, t))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if t.quits() {
				return nil
			}
		}
	}
}

// text returns what to show now.
func (w *Watcher) text(ctx context.Context, t *terminal) string {
	r, err := w.report(ctx)
	if err != nil {
		return "magent top: " + err.Error() + "\n"
	}
	w.lately = append(w.lately, r.Rates.Requests)
	width, height := t.size()
	if len(w.lately) > max(width, 1) {
		w.lately = w.lately[len(w.lately)-max(width, 1):]
	}
	return status.Screen{
		Width: width, Height: height - 1, Color: os.Getenv("NO_COLOR") == "",
		Lately: w.lately,
	}.Draw(r)
}

func (w *Watcher) report(ctx context.Context) (*status.Report, error) {
	body, err := w.fetch(ctx)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	r := &status.Report{}
	if err := json.NewDecoder(io.LimitReader(body, longest)).Decode(r); err != nil {
		return nil, fmt.Errorf("%s: %w", w.url, err)
	}
	return r, nil
}

// fetch asks for a report. The caller closes it.
func (w *Watcher) fetch(ctx context.Context) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url, nil)
	if err != nil {
		return nil, err
	}
	response, err := w.client.Do(request)
	if err != nil {
		return nil, control.Unreachable(w.address, err)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 200))
	return nil, fmt.Errorf("%s: %s: %s", w.url, response.Status, strings.TrimSpace(string(text)))
}

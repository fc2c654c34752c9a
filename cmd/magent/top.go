package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"magent/internal/admin"
	"magent/internal/config"
	"magent/internal/status"
)

// topCommand is the subcommand that shows the state of a running magent.
const topCommand = "top"

const (
	topPeriod = time.Second            // between two reports
	topPause  = 100 * time.Millisecond // between two checks of the keyboard
	topWait   = 5 * time.Second        // for a report
	topReport = 64 << 20               // bytes of a report
)

const topHead = `magent top - the state of a running magent, in a terminal
usage: magent top --admin HOST:PORT|/PATH

  magent top --admin 9100                  q or Ctrl-C ends it
  magent top --admin 9100 | cat            once, as plain text

The address is one that magent was started with, or of the stats port of nutcracker.
`

// newTopFlags returns the flags of magent top, which magent has as well.
func newTopFlags() []cli.Flag {
	return slices.DeleteFunc(newFlags(),
		func(f cli.Flag) bool { return !slices.Contains([]string{flagAdmin, flagHelp}, longName(f)) })
}

// runTop is magent top. It returns the exit code.
func runTop(args []string, _ config.Names, stdout, stderr io.Writer) int {
	flags := newTopFlags()
	plain, err := config.NormalizeArgs(argSpecs(flags), args)
	if err != nil {
		return fail(stderr, err, exitUsage)
	}
	if slices.Contains(plain.List, "--help=true") {
		io.WriteString(stdout, topHead+flagsText(flags, topics()))
		return 0
	}
	var address string
	err = readFlags(flags, plain, func(r *reader) error {
		addresses := readAdmin(r)
		if r.err == nil && len(addresses) == 0 {
			return errors.New("which magent? name an address that it was started with: --admin HOST:PORT, or the " +
				"/PATH of a unix socket")
		}
		if r.err == nil {
			address = addresses[0] // if the variable names several, all show the same
		}
		return r.err
	})
	if err != nil {
		return fail(stderr, err, exitUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	client, base := admin.Client(address, topWait)
	watcher := &topWatcher{address: address, url: base + "/stats.json", client: client}
	defer watcher.client.CloseIdleConnections()
	if screen, ok := stdout.(*os.File); ok && term.IsTerminal(int(screen.Fd())) {
		err = watcher.live(ctx, screen)
	} else {
		err = watcher.once(ctx, stdout)
	}
	if err != nil {
		return fail(stderr, err, exitFailed)
	}
	return 0
}

// topWatcher asks one magent for reports.
type topWatcher struct {
	address string
	url     string
	client  *http.Client
	lately  []float64
}

// once writes one report as plain text.
func (w *topWatcher) once(ctx context.Context, out io.Writer) error {
	r, err := w.report(ctx)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, status.Screen{}.Draw(r))
	return err
}

// live draws a report every period, until the user ends it.
func (w *topWatcher) live(ctx context.Context, screen *os.File) error {
	if _, err := w.report(ctx); err != nil { // report a wrong address at once, and not on the other screen
		return err
	}
	t := openTerminal(screen)
	defer t.restore()
	tick := time.NewTicker(topPause)
	defer tick.Stop()
	for due := time.Now(); ; {
		if now := time.Now(); !now.Before(due) {
			due = now.Add(topPeriod)
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
func (w *topWatcher) text(ctx context.Context, t *terminal) string {
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

func (w *topWatcher) report(ctx context.Context) (*status.Report, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url, nil)
	if err != nil {
		return nil, err
	}
	response, err := w.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("--admin %s: %w: is a magent running that was started with it?", w.address,
			innermost(err))
	}
	defer response.Body.Close()
	body := io.LimitReader(response.Body, topReport)
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(body)
		return nil, fmt.Errorf("%s: %s: %s", w.url, response.Status,
			strings.TrimSpace(string(text[:min(len(text), 200)])))
	}
	r := &status.Report{}
	if err := json.NewDecoder(body).Decode(r); err != nil {
		return nil, fmt.Errorf("%s: %w", w.url, err)
	}
	return r, nil
}

// innermost returns the error without those around it, which repeat the address.
func innermost(err error) error {
	var ofURL *url.Error
	if errors.As(err, &ofURL) {
		err = ofURL.Err
	}
	var ofNet *net.OpError
	if errors.As(err, &ofNet) {
		err = ofNet.Err
	}
	return err
}

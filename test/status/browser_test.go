package status

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"magent/internal/testkit"
)

// browser is a headless Chromium with one page. It collects the errors of the page.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

func startBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not installed: run `make deps`")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path),
		chromedp.UserDataDir(t.TempDir()))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*patience)
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	ctx, _ = chromedp.NewContext(ctx)
	b := &browser{t: t, ctx: ctx}
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("the browser does not end: %v", err)
		}
		end()
		stop()
	})
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	return b
}

// listen is called for every event of the page.
func (b *browser) listen(event any) {
	complain := func(format string, args ...any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.complaints = append(b.complaints, fmt.Sprintf(format, args...))
	}
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		complain("exception: %s", e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		complain("console.%s", e.Type)
	case *log.EventEntryAdded:
		complain("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
	}
}

// quiet fails the test if the page has reported an error.
func (b *browser) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaints {
		b.t.Errorf("the page complains: %s", c)
	}
}

// open loads a page.
func (b *browser) open(url string) {
	b.t.Helper()
	run(b, chromedp.Navigate(url))
}

// run carries out an action and returns its value.
func run[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return value
}

// see waits until an element exists and is visible.
func (b *browser) see(selector string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.WaitVisible(chromedp.CSS(selector))); err != nil {
		b.t.Fatalf("%s cannot be seen: %v", selector, err)
	}
}

// eval returns the value of an expression in the page.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	return run(b, chromedp.Evaluate[T](expression))
}

// await waits until an expression is true.
func (b *browser) await(expression string) {
	b.t.Helper()
	testkit.Eventually(b.t, expression, func() error {
		if !eval[bool](b, expression) {
			return errors.New("not yet")
		}
		return nil
	})
}

// look sets the size of the window, and light or dark colours.
func (b *browser) look(width int64, scheme string) {
	b.t.Helper()
	run(b, chromedp.EmulateViewport(width, 900, chromedp.EmulateScale(2)))
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{
		Name:  "prefers-color-scheme",
		Value: scheme,
	}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		b.t.Fatal(err)
	}
	b.await(fmt.Sprintf("innerWidth === %d && "+
		"[...document.querySelectorAll('.map svg')].every(s => s.clientWidth <= innerWidth - 20)", width))
}

// shoot takes screenshots: narrow and wide, light and dark. They go to the folder MAGENT_ARTIFACTS, or to one of the
// test.
func (b *browser) shoot(name string) {
	b.t.Helper()
	dir := os.Getenv("MAGENT_ARTIFACTS")
	if dir == "" {
		dir = b.t.ArtifactDir()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	for _, width := range []int64{390, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			b.look(width, scheme)
			picture := run(b, chromedp.FullScreenshot(100))
			if !strings.HasPrefix(string(picture), "\x89PNG") {
				b.t.Fatalf("a screenshot of %d bytes is no PNG", len(picture))
			}
			path := filepath.Join(dir, fmt.Sprintf("status-%s-%d-%s.png", name, width, scheme))
			if err := os.WriteFile(path, picture, 0o644); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

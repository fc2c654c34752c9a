package service

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"magent/internal/testkit"
)

func TestLogFormats(t *testing.T) {
	for _, c := range []struct {
		format string
		debug  bool
		check  func(line string) bool
	}{
		{"", false, isJSONLine},
		{FormatJSON, false, isJSONLine},
		{FormatConsole, false, func(line string) bool {
			return strings.Contains(line, "INF hello server=a:1") && !strings.Contains(line, "\x1b")
		}},
	} {
		var out bytes.Buffer
		log, err := OpenLog(LogOptions{Default: &out, Format: c.format})
		if err != nil {
			t.Fatal(err)
		}
		log.Debug().Msg("hidden")
		log.Info().Str("server", "a:1").Msg("hello")
		log.Close()
		if !c.check(out.String()) || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("format %q: %q", c.format, out.String())
		}
	}
}

func isJSONLine(line string) bool {
	var fields map[string]string
	err := json.Unmarshal([]byte(line), &fields)
	_, timeErr := time.Parse(jsonTime, fields["time"])
	return err == nil && timeErr == nil && fields["message"] == "hello" && fields["server"] == "a:1" &&
		fields["level"] == "info"
}

func TestLogDebugAndNowhere(t *testing.T) {
	var out bytes.Buffer
	log, _ := OpenLog(LogOptions{Default: &out, Louder: Debug})
	log.Debug().Msg("seen")
	log.Close()
	if !strings.Contains(out.String(), "seen") {
		t.Errorf("debug line is missing: %q", out.String())
	}
	log, err := OpenLog(LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	log.Info().Msg("nobody reads this")
	log.Reopen()
	log.Close()
}

// gate is a sink that blocks until it is opened, like a pipe that nobody reads.
type gate struct {
	open chan struct{}
	mu   sync.Mutex
	text bytes.Buffer
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text.Write(p)
}

func TestStuckLogBlocksNobodyAndCountsWhatItLost(t *testing.T) {
	sink := &gate{open: make(chan struct{})}
	log, _ := OpenLog(LogOptions{Default: sink})
	logged := make(chan struct{})
	go logManyLines(log, 3*logLines, logged)
	testkit.Await(t, "logging into a stuck sink", logged)
	close(sink.open)
	log.Close()
	sink.mu.Lock()
	defer sink.mu.Unlock()
	if got := sink.text.String(); !strings.Contains(got, "log lines dropped") || !strings.Contains(got, `"lines":`) {
		t.Errorf("no line says that lines were dropped; %d lines written", strings.Count(got, "\n"))
	}
}

func logManyLines(log *Log, n int, done chan<- struct{}) {
	for range n {
		log.Info().Msg("state changed")
	}
	close(done)
}

func TestCloseDoesNotWaitForAStuckSink(t *testing.T) {
	sink := &gate{open: make(chan struct{})}
	log, _ := OpenLog(LogOptions{Default: sink})
	log.Info().Msg("stuck")
	start := time.Now()
	log.Close()
	if d := time.Since(start); d > 10*logCloseTime {
		t.Errorf("Close took %v", d)
	}
	close(sink.open)
}

func TestLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	old := path + ".1"
	if err := os.WriteFile(path, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := OpenLog(LogOptions{File: path, Default: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	log.Info().Msg("first")
	waitForText(t, path, "first")
	if err := os.Rename(path, old); err != nil {
		t.Fatal(err)
	}
	log.Reopen()
	log.Info().Msg("second")
	log.Close()
	if text := testkit.ReadFile(t, old); !strings.HasPrefix(text, "before\n") || strings.Contains(text, "second") {
		t.Errorf("old file: %q", text)
	}
	if text := testkit.ReadFile(t, path); !strings.Contains(text, "log file reopened") ||
		!strings.Contains(text, "second") {
		t.Errorf("new file: %q", text)
	}
}

func TestLogFileStaysWhenItCannotBeReopened(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	moved := dir + ".moved"
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	log, err := OpenLog(LogOptions{File: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	log.Reopen()
	log.Info().Msg("still here")
	log.Close()
	if text := testkit.ReadFile(t, filepath.Join(moved, "log")); !strings.Contains(text, "cannot be reopened") ||
		!strings.Contains(text, "still here") {
		t.Errorf("got %q", text)
	}
}

func TestLogFileError(t *testing.T) {
	_, err := OpenLog(LogOptions{File: "/no/such/folder/log"})
	want := "--log-file /no/such/folder/log: no such file or directory: name a file in an existing, writable folder"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func waitForText(t *testing.T, path, text string) {
	t.Helper()
	testkit.Until(t, path+" says "+text, func() bool { return strings.Contains(testkit.ReadFile(t, path), text) })
}

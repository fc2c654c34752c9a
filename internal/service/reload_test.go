package service

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// TestSignalReloads: SIGUSR1 reloads each time, and a refused configuration is logged.
func TestSignalReloads(t *testing.T) {
	var outcomes []error
	s := &serving{
		t: t, engine: newFakeEngine(), signals: unbuffered(), exit: make(chan int, 1),
		text: &bytes.Buffer{},
	}
	s.log, _ = OpenLog(LogOptions{Default: s.text})
	s.reloader = newReloader(Options{Reload: func(zerolog.Logger) error {
		outcomes = append(outcomes, nil)
		if len(outcomes) == 2 {
			return errors.New("pools.yml:1:1: is wrong")
		}
		return nil
	}})
	go s.run()
	for range 3 {
		s.signals.usr1 <- syscall.SIGUSR1
	}
	s.signals.end <- syscall.SIGTERM
	close(s.engine.release)
	log := s.ends(0)
	if len(outcomes) != 3 || strings.Count(log, "configuration reloaded") != 2 ||
		!strings.Contains(log, "pools.yml:1:1: is wrong") {
		t.Errorf("%d reloads: %s", len(outcomes), log)
	}
}

// writerOf returns what writes a file.
func writerOf(t *testing.T, file string) func(text string) {
	return func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWatchedFile: a changed file is reloaded if it was the same in two checks; a missing one is not.
func TestWatchedFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	write := writerOf(t, file)
	write("a")
	taken := 0
	r := newReloader(Options{Watch: file, Reload: func(zerolog.Logger) error { taken++; return nil }})
	defer r.stop()
	log, err := OpenLog(LogOptions{Default: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	look := func(want int) {
		t.Helper()
		if r.look(log, time.Now()); taken != want {
			t.Fatalf("taken %d times, want %d", taken, want)
		}
	}
	look(0)
	write("ab")
	look(0) // it may not be finished
	write("abc")
	look(0)
	look(1)
	look(1)
	if err := os.Chtimes(file, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	look(1)
	look(2)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	look(2)
	look(2)
}

// TestRefusedFile: a watched file that was refused is taken again, less and less often, until it is applied or
// changes. Each reason is logged once, and whenever somebody asks.
func TestRefusedFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	write := writerOf(t, file)
	write("a")
	taken, reason := 0, errors.New("a server is out")
	r := newReloader(Options{Watch: file, Reload: func(zerolog.Logger) error { taken++; return reason }})
	defer r.stop()
	text := &bytes.Buffer{}
	log, err := OpenLog(LogOptions{Default: text})
	if err != nil {
		t.Fatal(err)
	}
	look := func(after time.Duration, want int) {
		t.Helper()
		if r.look(log, time.Now().Add(after)); taken != want {
			t.Fatalf("taken %d times, want %d", taken, want)
		}
	}
	long := 2 * longestWait
	look(long, 0) // nothing was refused
	write("ab")
	look(0, 0)
	look(0, 1)
	look(firstWait-time.Second, 1)
	look(firstWait+time.Second, 2)
	look(firstWait+time.Second, 2) // it waits longer now
	look(2*firstWait+time.Second, 3)
	for n := range 9 {
		look(long, 4+n)
	}
	if r.wait != longestWait {
		t.Errorf("it waits for %v", r.wait)
	}
	look(longestWait-time.Second, 12)
	reason = errors.New("the fleet is busy")
	look(long, 13)
	look(long, 14)
	if r.reload(log) == nil || taken != 15 {
		t.Errorf("asked for, it was taken %d times", taken)
	}
	write("abc") // another file is refused for the same reason
	look(0, 15)
	look(0, 16)
	if r.wait != firstWait {
		t.Errorf("another file waits for %v", r.wait)
	}
	reason = nil
	look(firstWait+time.Second, 17)
	look(long, 17)
	log.Close()
	for part, want := range map[string]int{
		"a server is out": 1, "the fleet is busy": 3, "it is tried again": 4,
		"configuration reloaded": 1,
	} {
		if n := strings.Count(text.String(), part); n != want {
			t.Errorf("%q is %d times in the log, want %d:\n%s", part, n, want, text)
		}
	}
}

func TestRunningProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	for _, want := range []string{"no process has been started with it", "no process is using it"} {
		if _, err := RunningProcess(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if err := os.WriteFile(path, []byte("123\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := createPidFile(path, "--pid-file")
	if err != nil {
		t.Fatal(err)
	}
	defer p.remove()
	if pid, err := RunningProcess(path); err != nil || pid != os.Getpid() {
		t.Errorf("%d, %v; want %d", pid, err, os.Getpid())
	}
}

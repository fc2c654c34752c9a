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
		t: t, engine: newFakeEngine(), signals: make(chan os.Signal), exit: make(chan int, 1),
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
		s.signals <- syscall.SIGUSR1
	}
	s.signals <- syscall.SIGTERM
	close(s.engine.release)
	log := s.ends(0)
	if len(outcomes) != 3 || strings.Count(log, "configuration reloaded") != 2 ||
		!strings.Contains(log, "pools.yml:1:1: is wrong") {
		t.Errorf("%d reloads: %s", len(outcomes), log)
	}
}

// TestWatchedFile: a changed file is reloaded if it was the same in two checks; a missing one is not.
func TestWatchedFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
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
		if r.look(log); taken != want {
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

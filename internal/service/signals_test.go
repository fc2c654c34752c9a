package service

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
)

// fakeEngine drains until release is closed.
type fakeEngine struct {
	draining chan struct{} // closed when Drain was called
	release  chan struct{}
	failed   chan error
	closed   bool
}

func newFakeEngine() *fakeEngine {
	return &fakeEngine{draining: make(chan struct{}), release: make(chan struct{}), failed: make(chan error, 1)}
}

func (e *fakeEngine) Drain() {
	close(e.draining)
	<-e.release
}
func (e *fakeEngine) Close()             { e.closed = true }
func (e *fakeEngine) Err() <-chan error  { return e.failed }
func (e *fakeEngine) Warnings() []string { return nil }

// serving is one call of serve under test.
type serving struct {
	t       *testing.T
	engine  *fakeEngine
	signals chan os.Signal
	exit    chan int
	log     *Log
	text    *bytes.Buffer

	reloader *reloader
	upgrader *upgrader
	tasks    chan func(reload func() error)
}

func startServing(t *testing.T) *serving {
	s := &serving{
		t: t, engine: newFakeEngine(), signals: make(chan os.Signal), exit: make(chan int, 1),
		tasks: make(chan func(func() error)),
		text:  &bytes.Buffer{},
	}
	s.log, _ = OpenLog(LogOptions{Default: s.text})
	go s.run()
	return s
}

func (s *serving) run() {
	s.exit <- serve(s.engine, s.log, s.signals, s.reloader, nil, s.upgrader, s.tasks, draining)
}

// ends expects an exit code and returns the log.
func (s *serving) ends(want int) string {
	s.t.Helper()
	if got := testkit.Await(s.t, "the end of serve", s.exit); got != want {
		s.t.Errorf("exit code %d, want %d", got, want)
	}
	s.log.Close()
	return s.text.String()
}

func TestOneSignalDrains(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		s := startServing(t)
		s.signals <- signal
		<-s.engine.draining
		select {
		case exit := <-s.exit:
			t.Fatalf("ended with %d before it was drained", exit)
		default:
		}
		s.signals <- syscall.SIGHUP
		close(s.engine.release)
		s.ends(0)
		if !s.engine.closed {
			t.Error("the engine was not closed")
		}
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	s := startServing(t)
	s.signals <- syscall.SIGTERM
	<-s.engine.draining
	s.signals <- syscall.SIGTERM
	if text := s.ends(1); !strings.Contains(text, "second signal") {
		t.Errorf("log: %s", text)
	}
	close(s.engine.release)
}

func TestEngineFails(t *testing.T) {
	s := startServing(t)
	s.engine.failed <- errors.New("loop 0 broke")
	if text := s.ends(1); !strings.Contains(text, "loop 0 broke") || !s.engine.closed {
		t.Errorf("closed %v, log: %s", s.engine.closed, text)
	}
	s = startServing(t)
	s.signals <- syscall.SIGTERM
	<-s.engine.draining
	s.engine.failed <- errors.New("loop 0 broke")
	s.ends(1)
	close(s.engine.release)
}

func TestEngineThatEndsWellHasNotFailed(t *testing.T) {
	s := startServing(t)
	close(s.engine.failed)
	s.signals <- syscall.SIGTERM
	<-s.engine.draining
	close(s.engine.release)
	s.ends(0)
}

// A task gets the reason why nothing was reloaded, and the process goes on serving.
func TestTasks(t *testing.T) {
	s := startServing(t)
	done := make(chan error, 1)
	s.tasks <- func(reload func() error) { done <- reload() }
	if err := testkit.Await(t, "the task", done); !errors.Is(err, errNoFile) {
		t.Errorf("reload without a file: %v", err)
	}
	s.signals <- syscall.SIGTERM
	<-s.engine.draining
	close(s.engine.release)
	s.ends(0)
}

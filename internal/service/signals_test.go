package service

import (
	"bytes"
	"errors"
	"os"
	"os/signal"
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
	signals *signals
	exit    chan int
	log     *Log
	text    *bytes.Buffer

	reloader *reloader
	upgrader *upgrader
	tasks    chan func(reload func() error)
}

// unbuffered are signals that a test sends itself: each is sent when it is taken.
func unbuffered() *signals {
	return &signals{
		end: make(chan os.Signal), hup: make(chan os.Signal), usr1: make(chan os.Signal), usr2: make(chan os.Signal),
		levels: make(chan os.Signal),
	}
}

func startServing(t *testing.T) *serving {
	s := &serving{
		t: t, engine: newFakeEngine(), signals: unbuffered(), exit: make(chan int, 1),
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
		s.signals.end <- signal
		<-s.engine.draining
		select {
		case exit := <-s.exit:
			t.Fatalf("ended with %d before it was drained", exit)
		default:
		}
		s.signals.hup <- syscall.SIGHUP
		close(s.engine.release)
		s.ends(0)
		if !s.engine.closed {
			t.Error("the engine was not closed")
		}
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	s := startServing(t)
	s.signals.end <- syscall.SIGTERM
	<-s.engine.draining
	s.signals.end <- syscall.SIGTERM
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
	s.signals.end <- syscall.SIGTERM
	<-s.engine.draining
	s.engine.failed <- errors.New("loop 0 broke")
	s.ends(1)
	close(s.engine.release)
}

func TestEngineThatEndsWellHasNotFailed(t *testing.T) {
	s := startServing(t)
	close(s.engine.failed)
	s.signals.end <- syscall.SIGTERM
	<-s.engine.draining
	close(s.engine.release)
	s.ends(0)
}

// A task gets the reason why nothing was reloaded, and the process goes on serving.
func TestTasks(t *testing.T) {
	s := startServing(t)
	done := make(chan error, 1)
	s.tasks <- func(reload func() error) { done <- reload() }
	if err := testkit.Await(t, "the task", done); !errors.Is(err, ErrNoFile) {
		t.Errorf("reload without a file: %v", err)
	}
	s.signals.end <- syscall.SIGTERM
	<-s.engine.draining
	close(s.engine.release)
	s.ends(0)
}

// Nobody takes signals during a long reload. However many there are of a kind, none takes the place of another.
func TestSignalsWait(t *testing.T) {
	in := watchSignals(true)
	defer in.stop()
	came := make(chan os.Signal, 1)
	signal.Notify(came, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTTIN, syscall.SIGTERM,
		syscall.SIGINT)
	defer signal.Stop(came)
	send := func(all ...syscall.Signal) {
		for _, one := range all {
			if err := syscall.Kill(os.Getpid(), one); err != nil {
				t.Fatal(err)
			}
			for testkit.Await(t, one.String(), came) != one {
			}
		}
	}
	for range 5 {
		send(syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTTIN)
	}
	send(syscall.SIGTERM, syscall.SIGINT)
	for name, want := range map[string][]os.Signal{
		"end": {syscall.SIGTERM, syscall.SIGINT}, "hup": {syscall.SIGHUP}, "usr1": {syscall.SIGUSR1},
		"usr2": {syscall.SIGUSR2}, "levels": {syscall.SIGTTIN, syscall.SIGTTIN},
	} {
		from := map[string]chan os.Signal{
			"end": in.end, "hup": in.hup, "usr1": in.usr1, "usr2": in.usr2, "levels": in.levels,
		}[name]
		for _, s := range want {
			if got := testkit.Await(t, name, from); got != s {
				t.Errorf("%s: %v, want %v", name, got, s)
			}
		}
	}
}

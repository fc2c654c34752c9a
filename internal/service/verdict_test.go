package service

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// Whoever sends SIGUSR1 learns what the process says to it, each time anew.
func TestVerdict(t *testing.T) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	defer signal.Stop(signals)
	v := newVerdicts()
	defer v.close()
	done := make(chan struct{})
	defer func() { <-done }()
	answers := []error{nil, errors.New("pools.yml:1:1: one\npools.yml:2:1: two"), nil, errors.New("three")}
	go answer(v, signals, answers, done)
	for _, want := range answers {
		err := Reload(os.Getpid(), time.Minute)
		var refused *ReloadError
		if (err == nil) != (want == nil) || err != nil && (!errors.As(err, &refused) || err.Error() != want.Error()) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

func answer(v *verdicts, signals <-chan os.Signal, answers []error, done chan<- struct{}) {
	defer close(done)
	for _, err := range answers {
		<-signals
		v.tell(err)
	}
}

// Of a process that keeps none, and of one that does not answer, that is said.
func TestNoVerdict(t *testing.T) {
	signal.Ignore(syscall.SIGUSR1)
	defer signal.Reset(syscall.SIGUSR1)
	var none *verdicts
	none.tell(nil)
	none.close()
	if err := Reload(os.Getpid(), time.Minute); !errors.Is(err, ErrNoVerdict) {
		t.Errorf("got %v", err)
	}
	v := newVerdicts()
	defer v.close()
	if err := Reload(os.Getpid(), time.Millisecond); err == nil || errors.Is(err, ErrNoVerdict) {
		t.Errorf("got %v", err)
	}
}

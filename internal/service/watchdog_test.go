package service

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"magent/internal/testkit"
)

// TestWatchdogWantsAnswers: the watchdog is fed after each answer, and not while one is missing
// because a loop is stuck.
func TestWatchdogWantsAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "4000")
	log, err := OpenLog(LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()

	asked := make(chan chan<- struct{}, 100)
	w := startWatchdog(func(ctx context.Context) []int {
		answered := make(chan struct{})
		asked <- answered
		select {
		case <-answered:
			return nil
		case <-ctx.Done():
			return []int{0}
		}
	}, log)
	defer w.stop()
	if env := childEnvironment("x"); !slices.Contains(env, "WATCHDOG_USEC="+os.Getenv("WATCHDOG_USEC")) {
		t.Error("the process that takes over does not get the variable")
	}
	manager.SetReadDeadline(time.Now().Add(testkit.Patience))
	said := make([]byte, 100)
	for range 3 {
		(<-asked) <- struct{}{}
		n, err := manager.Read(said)
		if err != nil || string(said[:n]) != "WATCHDOG=1" {
			t.Fatalf("%q, %v", said[:n], err)
		}
	}
	<-asked // a loop is stuck
	manager.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := manager.Read(said); err == nil {
		t.Errorf("it said %q", said[:n])
	}
	if len(asked) > 0 {
		t.Error("it asks again while an answer is due")
	}
}

func TestNoWatchdog(t *testing.T) {
	t.Setenv("WATCHDOG_USEC", "")
	if w := startWatchdog(func(context.Context) []int { t.Error("asked"); return nil }, nil); w != nil {
		t.Error("a watchdog that nobody wants")
	}
}

package service

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// watchdog tells the service manager that all loops are running, for as long as they are. If one is stuck, the
// manager restarts the process. nil does nothing.
type watchdog struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// startWatchdog starts a watchdog if the manager wants one (WATCHDOG_USEC). hung is Options.Hung. The variable stays:
// the process that takes over in an upgrade needs it.
func startWatchdog(hung func(context.Context) []int, log *Log) *watchdog {
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn().AnErr("reason", err).
			Msg("the service manager's watchdog is off: it will not notice a loop that is stuck")
	}
	if limit <= 0 || err != nil || hung == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &watchdog{cancel: cancel, done: make(chan struct{})}
	go w.feed(ctx, hung, limit/4)
	return w
}

// feed is the goroutine of a watchdog. It waits for a stuck loop as long as necessary, and asks
// for nothing meanwhile.
func (w *watchdog) feed(ctx context.Context, hung func(context.Context) []int, every time.Duration) {
	defer close(w.done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if hung(ctx) == nil {
			notify(daemon.SdNotifyWatchdog)
		}
	}
}

func (w *watchdog) stop() {
	if w != nil {
		w.cancel()
		<-w.done
	}
}

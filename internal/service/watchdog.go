package service

import (
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// watchdog has the service manager know, for as long as it is so, that all loops turn: one that is stuck gets the process
// restarted. nil does nothing.
type watchdog struct{ stopped, done chan struct{} }

// startWatchdog does so as often as the manager wants (WATCHDOG_USEC), if it does. ping sends to a channel when all loops
// have turned.
func startWatchdog(ping func(chan<- struct{}), log *Log) *watchdog {
	limit, err := daemon.SdWatchdogEnabled(true)
	if err != nil {
		log.Warn().AnErr("reason", err).Msg("nobody will notice when a loop is stuck")
	}
	if limit <= 0 || err != nil || ping == nil {
		return nil
	}
	w := &watchdog{stopped: make(chan struct{}), done: make(chan struct{})}
	go w.feed(ping, limit/4)
	return w
}

// feed is the goroutine of a watchdog. Nothing is asked while an answer is due: a loop that is stuck need not find many.
func (w *watchdog) feed(ping func(chan<- struct{}), every time.Duration) {
	defer close(w.done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	answered, due := make(chan struct{}, 1), false
	for {
		select {
		case <-tick.C:
			if !due {
				due = true
				ping(answered)
			}
		case <-answered:
			due = false
			notify(daemon.SdNotifyWatchdog)
		case <-w.stopped:
			return
		}
	}
}

func (w *watchdog) stop() {
	if w != nil {
		close(w.stopped)
		<-w.done
	}
}

package service

import (
	"os"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// draining is what SIGTERM begins.
const draining = "draining: no new clients, requests in flight are answered; a second signal ends at once"

// serve runs until the process ends, and returns the exit code. SIGTERM and SIGINT drain, which ends says in the log;
// a second one ends the process at once. SIGUSR1 reloads, SIGUSR2 upgrades, and the others are about the log. An
// engine that fails ends the process. tasks may be nil.
func serve(engine Engine, log *Log, signals <-chan os.Signal, r *reloader, v *verdicts, u *upgrader,
	tasks <-chan func(reload func() error), ends string,
) int {
	failed := engine.Err()
	for {
		select {
		case <-r.ticks():
			r.look(log, time.Now())
		case task := <-tasks:
			task(func() error { return r.reload(log) })
		case err := <-u.readiness():
			if u.finish(log, err) {
				return stop(engine, failed, log, signals)
			}
		case err, ok := <-failed:
			if !ok {
				failed = nil // a closed channel is not a failure
				continue
			}
			log.Error().AnErr("reason", err).Msg("the engine failed, the process ends")
			engine.Close()
			return 1
		case s := <-signals:
			switch {
			case s == syscall.SIGUSR1:
				v.tell(r.reload(log))
				if r == nil {
					aboutLog(log, s)
				}
				continue
			case s == syscall.SIGHUP:
				log.Reopen()
				_ = r.renew(log)
				continue
			case s == syscall.SIGUSR2 && u != nil:
				u.begin(log)
				continue
			case aboutLog(log, s):
				continue
			}
			u.cancel()
			notify(daemon.SdNotifyStopping, status("draining"))
			log.Info().Str("signal", s.String()).Msg(ends)
			return stop(engine, failed, log, signals)
		}
	}
}

// stop drains and closes the engine. On a second signal it returns at once.
func stop(engine Engine, failed <-chan error, log *Log, signals <-chan os.Signal) int {
	drained := make(chan struct{})
	go drain(engine, drained)
	for {
		select {
		case <-drained:
			engine.Close()
			log.Info().Msg("drained, the process ends")
			return 0
		case err, ok := <-failed:
			if !ok {
				failed = nil
				continue
			}
			log.Error().AnErr("reason", err).Msg("the engine failed while it drained, the process ends")
			return 1
		case s := <-signals:
			if aboutLog(log, s) {
				continue
			}
			log.Warn().Str("signal", s.String()).Msg("second signal, the process ends at once")
			return 1
		}
	}
}

// aboutLog handles signals about the log. It returns false for those that end the process.
func aboutLog(log *Log, s os.Signal) bool {
	switch s {
	case syscall.SIGHUP:
		log.Reopen()
	case syscall.SIGTTIN:
		log.Turn(1, "SIGTTIN")
	case syscall.SIGTTOU:
		log.Turn(-1, "SIGTTOU")
	case syscall.SIGUSR1, syscall.SIGUSR2:
		log.Info().Str("signal", unix.SignalName(s.(syscall.Signal))).Msg("signal without effect")
	default:
		return false
	}
	return true
}

func drain(engine Engine, drained chan<- struct{}) {
	engine.Drain()
	close(drained)
}

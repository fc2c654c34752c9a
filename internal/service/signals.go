package service

import (
	"os"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// serve waits for the end: SIGTERM and SIGINT drain, a second one ends at once, SIGUSR1 reloads, SIGUSR2 upgrades, the others are
// about the log, and an engine that fails ends the process. It returns the exit code.
func serve(engine Engine, log *Log, signals <-chan os.Signal, r *reloader, u *upgrader) int {
	failed := engine.Err()
	for {
		select {
		case <-r.ticks():
			r.look(log)
		case err := <-u.readiness():
			if u.finish(log, err) {
				return stop(engine, failed, log, signals)
			}
		case err, ok := <-failed:
			if !ok {
				failed = nil // an engine that says nothing any more has not failed
				continue
			}
			log.Error().AnErr("reason", err).Msg("the engine failed, the process ends")
			engine.Close()
			return 1
		case s := <-signals:
			switch {
			case s == syscall.SIGUSR1 && r != nil:
				r.reload(log)
				continue
			case s == syscall.SIGUSR2 && u != nil:
				u.begin(log)
				continue
			case aboutLog(log, s):
				continue
			}
			u.cancel()
			notify(daemon.SdNotifyStopping, status("draining"))
			log.Info().Str("signal", s.String()).Msg("draining: no new clients, requests in flight are answered; a second signal ends at once")
			return stop(engine, failed, log, signals)
		}
	}
}

// stop drains and closes the engine, unless a second signal comes first: then nothing is waited for.
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

// aboutLog does what a signal asks of the log, and reports whether it is one that does not end the process.
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

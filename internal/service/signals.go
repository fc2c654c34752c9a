package service

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// signals are what the process is told by signals. Each kind has a channel of its own: os/signal drops what does not
// fit, so while a reload lasts no kind may take the place of another. One that waits stands for all of its kind.
type signals struct {
	end    chan os.Signal // SIGTERM and SIGINT: a second one counts, too
	hup    chan os.Signal
	usr1   chan os.Signal
	usr2   chan os.Signal
	levels chan os.Signal // SIGTTIN and SIGTTOU, each of which counts
}

// watchSignals is called before anything is bound, so that no signal finds the process half started. SIGPIPE is
// ignored: a client or log reader that goes away must not kill the process.
//
// SIGTTIN and SIGTTOU are caught for compatibility with twemproxy only. By default they stop a background
// process that uses the terminal.
func watchSignals(levels bool) *signals {
	signal.Ignore(syscall.SIGPIPE)
	s := &signals{
		end: make(chan os.Signal, 2), hup: make(chan os.Signal, 1), usr1: make(chan os.Signal, 1),
		usr2: make(chan os.Signal, 1), levels: make(chan os.Signal, levelMost+1),
	}
	signal.Notify(s.end, syscall.SIGTERM, syscall.SIGINT)
	signal.Notify(s.hup, syscall.SIGHUP)
	signal.Notify(s.usr1, syscall.SIGUSR1)
	signal.Notify(s.usr2, syscall.SIGUSR2)
	if levels {
		signal.Notify(s.levels, syscall.SIGTTIN, syscall.SIGTTOU)
	}
	return s
}

func (s *signals) stop() {
	for _, c := range []chan os.Signal{s.end, s.hup, s.usr1, s.usr2, s.levels} {
		signal.Stop(c)
	}
}

// draining is what SIGTERM begins.
const draining = "draining: no new clients, requests in flight are answered; a second signal ends at once"

// serve runs until the process ends, and returns the exit code. SIGTERM and SIGINT drain, which ends says in the log;
// a second one ends the process at once. SIGUSR1 reloads, SIGUSR2 upgrades, and the others are about the log. An
// engine that fails ends the process. tasks may be nil.
func serve(engine Engine, log *Log, in *signals, r *reloader, v *verdicts, u *upgrader,
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
				return stop(engine, failed, log, in)
			}
		case err, ok := <-failed:
			if !ok {
				failed = nil // a closed channel is not a failure
				continue
			}
			log.Error().AnErr("reason", err).Msg("the engine failed, the process ends")
			engine.Close()
			return 1
		case <-in.hup:
			log.Reopen()
			_ = r.renew(log)
		case s := <-in.usr1:
			err := r.reload(log)
			v.tell(err)
			if errors.Is(err, ErrNoFile) {
				aboutLog(log, s)
			}
		case s := <-in.usr2:
			if u == nil {
				aboutLog(log, s)
				continue
			}
			u.begin(log)
		case s := <-in.levels:
			aboutLog(log, s)
		case s := <-in.end:
			u.cancel()
			notify(daemon.SdNotifyStopping, status("draining"))
			log.Info().Str("signal", s.String()).Msg(ends)
			return stop(engine, failed, log, in)
		}
	}
}

// stop drains and closes the engine. On a second signal it returns at once.
func stop(engine Engine, failed <-chan error, log *Log, in *signals) int {
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
		case s := <-in.hup:
			aboutLog(log, s)
		case s := <-in.usr1:
			aboutLog(log, s)
		case s := <-in.usr2:
			aboutLog(log, s)
		case s := <-in.levels:
			aboutLog(log, s)
		case s := <-in.end:
			log.Warn().Str("signal", s.String()).Msg("second signal, the process ends at once")
			return 1
		}
	}
}

// aboutLog handles signals about the log, and says of others that they have no effect.
func aboutLog(log *Log, s os.Signal) {
	switch s {
	case syscall.SIGHUP:
		log.Reopen()
	case syscall.SIGTTIN:
		log.Turn(1, "SIGTTIN")
	case syscall.SIGTTOU:
		log.Turn(-1, "SIGTTOU")
	default:
		log.Info().Str("signal", unix.SignalName(s.(syscall.Signal))).Msg("signal without effect")
	}
}

func drain(engine Engine, drained chan<- struct{}) {
	engine.Drain()
	close(drained)
}

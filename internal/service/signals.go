package service

import (
	"os"
	"syscall"
)

// serve waits for the end: SIGTERM and SIGINT drain, a second one ends at once, SIGHUP reopens the log, and an engine
// that fails ends the process. It returns the exit code.
func serve(engine Engine, log *Log, signals <-chan os.Signal) int {
	failed := engine.Err()
	for {
		select {
		case err, ok := <-failed:
			if !ok {
				failed = nil // an engine that says nothing any more has not failed
				continue
			}
			log.Error().Err(err).Msg("the engine failed, the process ends")
			engine.Close()
			return 1
		case s := <-signals:
			if s == syscall.SIGHUP {
				log.Reopen()
				continue
			}
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
			log.Error().Err(err).Msg("the engine failed while it drained, the process ends")
			return 1
		case s := <-signals:
			if s == syscall.SIGHUP {
				log.Reopen()
				continue
			}
			log.Warn().Str("signal", s.String()).Msg("second signal, the process ends at once")
			return 1
		}
	}
}

func drain(engine Engine, drained chan<- struct{}) {
	engine.Drain()
	close(drained)
}

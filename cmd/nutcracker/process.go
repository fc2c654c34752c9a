package main

import (
	"errors"
	"fmt"
	"io"

	"magent/internal/config"
	"magent/internal/run"
	"magent/internal/service"
)

// options turn the settings, the pools and the environment into what runs.
func (s *settings) options(pools []config.Pool, stderr io.Writer) (run.Options, error) {
	e, err := readEnvironment()
	if err != nil {
		return run.Options{}, err
	}
	if err := errors.Join(run.SocketPlaces(pools), run.Resolve(pools)); err != nil {
		return run.Options{}, fmt.Errorf("listen: %w", err)
	}
	for i := range pools {
		pools[i].ConnectTimeout = e.connect
		if s.daemonize {
			openSockets(pools[i].Listen)
		}
	}
	e.config.Pools = pools
	logFile, pidFile, err := s.files()
	if err != nil {
		return run.Options{}, err
	}
	log := service.LogOptions{File: logFile, Flag: "-o", Mode: 0o644, Format: e.format, Louder: s.level - defaultLevel}
	if !s.daemonize {
		log.Default = stderr
	}
	return run.Options{
		Config: e.config, File: s.config, Stats: s.stats(),
		Process: service.Options{Program: program, Log: log, Levels: true, PidFile: pidFile, PidFlag: "-p"},
		Remedies: run.Remedies{
			InUse:   "choose another port in listen:",
			Foreign: "choose one of its own in listen:",
			Denied:  "start as root, or choose a port above 1023 and a folder that may be written to",
			Stats:   "choose another port with -s or another address with -a",
		},
	}, nil
}

// openSockets opens unix sockets without a permission of their own to everybody: a daemon of twemproxy has no umask, and its
// clients, of other users, rely on that.
func openSockets(listeners []config.Listen) {
	for i := range listeners {
		if l := &listeners[i]; l.Network == "unix" && l.Mode == 0 {
			l.Mode = 0o777
		}
	}
}

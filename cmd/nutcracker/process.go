package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"magent/internal/config"
	"magent/internal/run"
	"magent/internal/service"
)

// options returns the options of the process, from the settings, the pools and the environment.
func (s *settings) options(pools []config.Pool, stderr io.Writer) (run.Options, error) {
	e, err := readEnvironment()
	if err != nil {
		return run.Options{}, err
	}
	if err := errors.Join(run.SocketPlaces(pools), s.finish(pools, e)); err != nil {
		return run.Options{}, fmt.Errorf("listen: %w", err)
	}
	e.config.Pools = pools
	path, err := filepath.Abs(s.config) // absolute, because a daemon changes its folder
	if err != nil {
		return run.Options{}, err
	}
	logFile, pidFile, err := s.files()
	if err != nil {
		return run.Options{}, err
	}
	log := service.LogOptions{File: logFile, Flag: "-o", Mode: 0o644, Format: e.format, Louder: s.level - defaultLevel}
	if !s.daemonize {
		log.Default = stderr
	}
	return run.Options{
		Config: e.config, File: s.config,
		Admin: run.Admin{
			Addrs: []string{s.stats()}, Name: "stats", Flag: "stats port", Twemproxy: true,
			Remedy: "choose another port with -s or another address with -a",
		},
		Load: func() ([]config.Pool, []string, error) {
			pools, warnings, err := config.LoadFile(path, names())
			if err != nil {
				return nil, nil, err
			}
			return pools, warnings, s.finish(pools, e)
		},
		Process: service.Options{Program: program, Log: log, Levels: true, PidFile: pidFile, PidFlag: "-p"},
		Remedies: run.Remedies{
			InUse:   "choose another port in listen:",
			Foreign: "choose one of its own in listen:",
			Denied:  "start as root, or choose a port above 1023 and a folder that may be written to",
		},
	}, nil
}

// names returns the words of a file, and that errors are twemproxy's unless it says compat_errors: false.
func names() config.Names {
	n := run.Names()
	n.CompatErrors = true
	return n
}

// finish adds settings to the pools of a file that are not in it.
func (s *settings) finish(pools []config.Pool, e *environment) error {
	for i := range pools {
		pools[i].ConnectTimeout = e.connect
		if s.daemonize {
			openSockets(pools[i].Listen)
		}
	}
	return run.Resolve(pools)
}

// openSockets makes unix sockets without a permission of their own accessible for everyone. A daemon of twemproxy has
// no umask, and its clients, which are other users, rely on that.
func openSockets(listeners []config.Listen) {
	for i := range listeners {
		if l := &listeners[i]; l.Network == "unix" && l.Mode == 0 {
			l.Mode = 0o777
		}
	}
}

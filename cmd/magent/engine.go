package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/rs/zerolog"

	"magent/internal/config"
	"magent/internal/service"
	"magent/internal/shard"
)

// process turns the settings into a process around the engine.
func (s *settings) process(stderr io.Writer) service.Options {
	if !s.daemonize {
		s.log.Default = stderr
	}
	var engine *shard.Service
	return service.Options{
		Program: program,
		Log:     s.log, User: s.user, Group: s.group, PidFile: s.pidFile, Sockets: s.sockets, Folder: s.config.StateDir,
		Threads: s.config.Threads,
		Clients: s.config.MaxClients,
		Servers: connections(s.config),
		Start: func(log zerolog.Logger, clients int) (service.Engine, error) {
			c := s.config
			c.MaxClients = clients
			var err error
			if engine, err = shard.Start(shard.Options{Config: c, Log: log, Version: protocolVersion + "-" + program + "-" + service.Release}); err != nil {
				return nil, startError(err)
			}
			return engine, nil
		},
		Started: func(log zerolog.Logger) {
			pool := s.config.Pools[0]
			log.Info().Str("version", service.Release).Strs("listen", engine.Addrs()).
				Strs("servers", addressTexts(pool.Servers)).Strs("backups", addressTexts(pool.Backups)).
				Str("distribution", pool.Distribution).Int("threads", s.config.Threads).
				Msg("magent serves")
		},
	}
}

// connections counts the connections to servers: one for each server and loop.
func connections(c config.Config) int {
	n := 0
	for _, pool := range c.Pools {
		n += len(pool.Servers) + len(pool.Backups)
	}
	return n * c.Threads
}

func addressTexts(addresses []config.Address) []string {
	texts := make([]string, len(addresses))
	for i, a := range addresses {
		texts[i] = a.String()
	}
	return texts
}

// startError adds to an error of the engine what to do about it.
func startError(err error) error {
	var dns *net.DNSError
	remedy := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		remedy = "another program listens there: stop it, or choose another port with -p"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		remedy = "this machine has no such address: choose one of its own with -l"
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		remedy = "start as root (with -u USER), or choose a port above 1023 and a folder that may be written to"
	case errors.As(err, &dns):
		remedy = "check the name, or give an IP address"
	default:
		return err
	}
	return fmt.Errorf("%w: %s", err, remedy)
}

// protocolVersion is the version of memcached whose protocol is spoken. It comes first in the reply to version, because
// clients take a number there for memcached's, and decide by it what they may ask.
const protocolVersion = "1.6.18"

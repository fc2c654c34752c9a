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
		Program: program, Warnings: s.warnings,
		Log: s.log, User: s.user, Group: s.group, PidFile: s.pidFile, Sockets: s.sockets, Folder: s.config.StateDir,
		Threads: s.config.Threads,
		Clients: s.config.MaxClients,
		Servers: connections(s.config),
		Start: func(log zerolog.Logger, clients int) (service.Engine, error) {
			c := s.config
			c.MaxClients = clients
			var err error
			if engine, err = shard.Start(shard.Options{Config: c, Log: log, Version: protocolVersion + "-" + program + "-" + service.Release}); err != nil {
				return nil, s.startError(err)
			}
			return engine, nil
		},
		Started: func(log zerolog.Logger) { s.tellStarted(log, engine.Addrs()) },
	}
}

// tellStarted logs who serves where: the pools of a file each in a line of its own.
func (s *settings) tellStarted(log zerolog.Logger, listen []string) {
	serves := log.Info().Str("version", service.Release).Strs("listen", listen)
	if s.file == "" {
		describePool(serves, &s.config.Pools[0])
	} else {
		for i := range s.config.Pools {
			p := &s.config.Pools[i]
			describePool(log.Info().Str("pool", p.Name).Str("address", p.Listen[0].Address), p).Msg("a pool of " + s.file)
		}
	}
	serves.Int("threads", s.config.Threads).Msg("magent serves")
}

func describePool(e *zerolog.Event, p *config.Pool) *zerolog.Event {
	return e.Strs("servers", addressTexts(p.Servers)).Strs("backups", addressTexts(p.Backups)).Str("distribution", p.Distribution)
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
func (s *settings) startError(err error) error {
	port, address := "with -p", "with -l"
	if s.file != "" {
		port, address = "in listen:", "in listen:"
	}
	var dns *net.DNSError
	remedy := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		remedy = "another program listens there: stop it, or choose another port " + port
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		remedy = "this machine has no such address: choose one of its own " + address
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

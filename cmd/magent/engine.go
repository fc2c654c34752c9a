package main

import (
	"io"

	"magent/internal/run"
	"magent/internal/service"
)

// process turns the settings into the options of a process.
func (s *settings) process(stderr io.Writer) run.Options {
	if !s.daemonize {
		s.log.Default = stderr
	}
	s.log.Syslog = program // of a daemon without --log-file
	port, address := "with -p", "with -l"
	if s.file != "" {
		port, address = "in listen:", "in listen:"
	}
	load := s.reload
	if s.file == "" {
		load = nil
	}
	return run.Options{
		Config: s.config, File: s.file, Watch: s.watch, Load: load, Upgrade: true,
		Admin: s.monitoring(),
		Process: service.Options{
			Program: program, Log: s.log, PidFile: s.pidFile, User: s.user, Group: s.group,
			Warnings: s.warnings,
			Root:     "name a user with -u to give its rights up",
		},
		Remedies: run.Remedies{
			InUse:   "choose another port " + port,
			Foreign: "choose one of its own " + address,
			Denied:  "start as root (with -u USER), or choose a port above 1023 and a folder that may be written to",
		},
	}
}

// monitoring says where the process can be watched, and told what to do.
func (s *settings) monitoring() run.Admin {
	return run.Admin{
		Addrs: s.admin, Name: "admin", Flag: "--admin", Profiles: s.profiles, Remedy: "choose another address",
		Socket: s.adminSocket, Token: s.adminToken,
	}
}

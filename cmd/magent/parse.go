package main

import (
	"slices"

	"magent/internal/config"
)

// parse parses the command line and the environment.
func parse(args []string, names config.Names) (*settings, error) {
	flags := newFlags()
	plain, err := config.NormalizeArgs(append(argSpecs(flags), foreignFlags()...), args)
	if err != nil {
		return nil, err
	}
	s := &settings{help: slices.Contains(plain.List, "--help=true"), version: slices.Contains(plain.List,
		"--version=true")}
	if s.help || s.version {
		return s, nil // otherwise cli would print its own help
	}
	return s, readFlags(flags, plain, func(r *reader) error {
		s.read(r, names)
		s.warnings = append(append(s.warnings, readEffects(r)...), strangeVariables()...)
		if r.err != nil || s.file != "" {
			return r.err // LoadFile has validated the pools
		}
		return s.config.Validate(names)
	})
}

// read fills the settings. The first error stays in r.err.
func (s *settings) read(r *reader, names config.Names) {
	s.config = config.Config{
		Threads:    r.number(flagThreads, 1, maxThreads),
		MaxClients: r.number(flagMaxClients, 1, maxClients),
		DrainTime:  r.duration(flagDrain, 0),

		ResolveInterval: r.duration(flagResolve, 0),
		Slow:            r.duration(flagSlow, 0),
		RequestTimeout:  r.duration(flagRequest, 0),
		IdleTimeout:     r.duration(flagIdleTimeout, 0),
		SlowKeys:        r.c.Bool(flagSlowKeys),
		MaxDirty:        r.number(flagDirty, 0, maxDirty),
		StateDir:        r.path(flagState),
	}
	if r.text(flagVIP) != "" {
		value(r, flagVIP, config.ParseIP, &s.config.VIP)
	}
	value(r, flagMaxValue, func(text string) (int, error) {
		return config.ParseSize(text, 1, maxValue)
	}, &s.config.MaxValue)
	r.number(flagIdle, 0, maxClients)
	s.readProcess(r)
	s.readPools(r, names)
	s.readFleet(r)
}

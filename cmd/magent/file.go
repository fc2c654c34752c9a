package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"magent/backend"
	"magent/internal/config"
	"magent/internal/shard"
)

// poolKeys says for each flag that configures the pool of a command line which key of a file does.
var poolKeys = [...]struct{ flag, key string }{
	{flagServer, "servers"},
	{flagBackup, "backups"},
	{flagListen, "listen"},
	{flagPort, "listen"},
	{flagSocket, "listen"},
	{flagSocketMode, "listen"},
	{flagKetama, "distribution"},
	{flagDistribution, "distribution"},
	{flagHash, "hash"},
	{flagHashTag, "hash_tag"},
	{flagAck, "ack"},
	{flagTimeout, "timeout"},
	{flagFailures, "server_failure_limit"},
	{flagRefill, "refill_rate"},
	{flagProbe, "probe_interval"},
}

// readPools takes the pools from the file of -c, or the one pool from the flags.
func (s *settings) readPools(r *reader, names config.Names) {
	s.file = r.text(flagConfig)
	s.test = r.c.Bool(flagTest)
	if s.file == "" {
		if s.test {
			r.fail(flagTest, errors.New("checks a file of pools: name it with -c"))
		}
		s.config.Pools = []config.Pool{s.readPool(r)}
		return
	}
	for _, k := range poolKeys {
		if r.given(k.flag) {
			r.fail(k.flag, fmt.Errorf("contradicts %s %s: leave it out, and write %s: into the file", r.label(flagConfig), s.file, k.key))
		}
	}
	if r.err != nil {
		return
	}
	s.config.Pools, s.warnings, r.err = config.LoadFile(s.file, names)
	connect := r.duration(flagConnect, minTime)
	for i := range s.config.Pools {
		p := &s.config.Pools[i]
		p.ConnectTimeout = connect
		if l := p.Listen[0]; l.Network == "unix" {
			s.sockets = append(s.sockets, l.Address)
		}
	}
}

// checkPlaces looks at where the unix sockets of a file are to be.
func (s *settings) checkPlaces() error {
	if s.file == "" {
		return nil // done with the flags
	}
	for _, path := range s.sockets {
		if err := socketPlace(path); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
	}
	return nil
}

// tellTest says that the file is right, and what may surprise in it.
func (s *settings) tellTest(stderr io.Writer) {
	for _, warning := range s.warnings {
		fmt.Fprintf(stderr, "%s: warning: %s\n", program, warning)
	}
	fmt.Fprintf(stderr, "%s: configuration file '%s' syntax is ok\n", program, s.file)
}

// failFile says what is wrong with a file, each mistake on a line that begins with its place.
func failFile(stderr io.Writer, s *settings, mistakes config.FileErrors) int {
	for _, mistake := range mistakes {
		fmt.Fprintln(stderr, mistake)
	}
	fmt.Fprintf(stderr, "%s: configuration file '%s' syntax is invalid\n", program, s.file)
	return exitFailed
}

// given reports whether a flag was typed, or its variable set.
func (r *reader) given(name string) bool {
	if _, typed := r.typed[name]; typed {
		return true
	}
	text := strings.TrimSpace(os.Getenv(variable(name)))
	return text != "" && !linkOfKubernetes(name, text)
}

// names are the words that flags and files take.
func names() config.Names {
	return config.Names{Hashes: backend.HashNames(), Distributions: backend.DistributionNames(), Keyless: shard.Keyless}
}

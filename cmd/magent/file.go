package main

import (
	"errors"
	"fmt"

	"magent/internal/config"
	"magent/internal/run"
)

// poolKeys has the key of a file for each flag that configures the pool of a command line.
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
	{flagAuth, "auth_file"},
	{flagServerAuth, "server_auth_file"},
	{flagServerTLS, "server_tls"},
	{flagServerCA, "server_tls_ca"},
	{flagServerCert, "server_tls_cert"},
	{flagServerKey, "server_tls_key"},
	{flagServerName, "server_tls_name"},
	{flagTLSCert, "tls_cert"},
	{flagTLSKey, "tls_key"},
	{flagTLSClientCA, "tls_client_ca"},
	{flagTLSListen, "tls_listen"},
	{flagAck, "ack"},
	{flagTimeout, "timeout"},
	{flagFailures, "server_failure_limit"},
	{flagEject, "auto_eject_hosts"},
	{flagRetry, "server_retry_timeout"},
	{flagRefill, "refill_rate"},
	{flagProbe, "probe_interval"},
	{flagHotCache, "hot_cache"},
	{flagHotRefresh, "hot_refresh"},
}

// readPools reads the pools from the file of -c, or the only pool from the flags.
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
			r.fail(k.flag, fmt.Errorf("contradicts %s %s: leave it out, and write %s: into the file",
				r.label(flagConfig), s.file, k.key))
		}
	}
	if r.err != nil {
		return
	}
	connect, file := r.duration(flagConnect, minTime), s.file
	s.load = func() ([]config.Pool, []string, error) {
		pools, warnings, err := config.LoadFile(file, names)
		for i := range pools {
			pools[i].ConnectTimeout = connect
		}
		return pools, warnings, err
	}
	s.config.Pools, s.warnings, r.err = s.load()
	if file = r.path(flagConfig); r.c.Bool(flagWatch) { // absolute, because a daemon changes its folder
		s.watch = file
	}
}

// reload is load for a running process.
func (s *settings) reload() (pools []config.Pool, warnings []string, err error) {
	if pools, warnings, err = s.load(); err != nil {
		return nil, nil, err
	}
	return pools, warnings, run.Resolve(pools)
}

// prepare prepares the listeners for binding.
func (s *settings) prepare() error {
	if s.file == "" {
		if err := run.Resolve(s.config.Pools); err != nil {
			return fmt.Errorf("-l: %w", err)
		}
		return nil
	}
	if err := errors.Join(run.SocketPlaces(s.config.Pools), run.Resolve(s.config.Pools)); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return nil
}

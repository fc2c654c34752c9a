package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"magent/cmd/magent/usage"
	"magent/internal/admin"
	"magent/internal/config"
	"magent/internal/run"
	"magent/internal/service"
)

// settings are the parsed flags.
type settings struct {
	help, version, daemonize, test bool

	config      config.Config
	file        string   // of pools; empty: there is one pool, from the flags
	warnings    []string // about that file, the environment and the fleet
	watch       string   // the file's path, if it is watched
	load        func() (pools []config.Pool, warnings []string, err error)
	user, group string
	pidFile     string
	admin       []string // addresses of the pages for monitoring
	adminSocket string   // path of the unix socket that takes commands; empty: none
	adminToken  string   // file with the token of TCP addresses in admin; empty: none
	profiles    bool
	log         service.LogOptions
}

// readFlags calls read with the values of arguments and environment.
func readFlags(flags []cli.Flag, plain config.Args, read func(*reader) error) error {
	app := &cli.App{
		Name: program, Flags: flags,
		HideHelp: true, HideVersion: true, DisableSliceFlagSeparator: true,
		Writer: io.Discard, ErrWriter: io.Discard,
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   func(_ *cli.Context, err error, _ bool) error { return err },
		Action:         func(c *cli.Context) error { return read(&reader{c: c, typed: plain.Typed}) },
	}
	if err := switchVariables(flags, plain.Typed); err != nil {
		return err
	}
	return app.Run(append([]string{program}, plain.List...))
}

// switchVariables checks the variables of switches, because cli's own messages are not meant for users.
func switchVariables(flags []cli.Flag, typed map[string]string) error {
	for _, f := range flags {
		if _, ok := f.(*cli.BoolFlag); !ok {
			continue
		}
		name := variable(usage.LongName(f))
		value := os.Getenv(name)
		if _, err := strconv.ParseBool(value); err != nil && value != "" && variables(usage.LongName(f)) != nil {
			return fmt.Errorf("%s=%s: this is a switch: write true or false", name, value)
		}
	}
	return nil
}

// readPool returns the pool of a command line.
func (s *settings) readPool(r *reader) config.Pool {
	pool := r.pool()
	pool.Listen = s.readListeners(r)
	value(r, flagAck, config.ParseAck, &pool.Ack)
	pool.ServerFailureLimit = r.number(flagFailures, 1, maxFailures)
	pool.AutoEject = r.c.Bool(flagEject)
	pool.ServerRetryTimeout = r.duration(flagRetry, 0)
	if pool.AutoEject && len(pool.Backups) > 0 {
		r.fail(flagEject, errors.New("keys do not move where they have a backup (-b): leave it out"))
	}
	pool.AuthFile = r.path(flagAuth)
	readTLS(r, &pool)
	pool.RefillRate = r.number(flagRefill, 0, maxDirty)
	pool.ProbeInterval = r.duration(flagProbe, minTime)
	pool.HotRefresh = r.duration(flagHotRefresh, config.MinHotRefresh)
	if r.text(flagHotCache) != "" {
		value(r, flagHotCache, func(text string) (int, error) {
			return config.ParseSize(text, config.MinHotCache, config.MaxHotCache)
		}, &pool.HotCache)
	}
	return pool
}

func (s *settings) readListeners(r *reader) []config.Listen {
	port := r.number(flagPort, 0, 65535)
	texts := r.list(flagListen)
	if len(texts) == 0 {
		texts = []string{"127.0.0.1"}
	}
	var listeners []config.Listen
	for _, text := range texts {
		text, plain := strings.CutPrefix(text, noTLSPrefix)
		if plain && !r.given(flagTLSCert) {
			r.fail(flagListen, errors.New(noTLSPrefix+" needs --tls-cert FILE: without it nothing is encrypted"))
		}
		l, ok, err := config.ParseListen(text, port)
		r.fail(flagListen, err)
		if l.TLS = r.given(flagTLSCert) && !r.given(flagTLSListen) && !plain; ok {
			listeners = append(listeners, l)
		}
	}
	var mode uint32
	value(r, flagSocketMode, config.ParseMode, &mode)
	if path := r.path(flagSocket); path != "" {
		l, err := config.ParseSocket(path, mode)
		r.fail(flagSocket, errors.Join(err, run.SocketPlace(path)))
		listeners = append(listeners, l)
	}
	return append(listeners, readTLSListeners(r)...)
}

func (s *settings) readProcess(r *reader) {
	s.daemonize = r.c.Bool(flagDaemonize)
	if s.daemonize && r.c.Bool(flagForeground) {
		r.fail(flagDaemonize, errors.New("and -D contradict each other: -D stays in the foreground, leave one out"))
	}
	s.user, s.group = r.text(flagUser), r.text(flagGroup)
	s.pidFile = r.path(flagPidFile)
	s.admin = readAdmin(r)
	for _, address := range s.admin {
		if filepath.IsAbs(address) {
			r.fail(flagAdmin, run.SocketPlace(address))
		}
	}
	if s.profiles = r.c.Bool(flagProfiles); s.profiles && len(s.admin) == 0 {
		r.fail(flagProfiles, errors.New("needs --admin ADDRESS, which says where"))
	}
	s.readControl(r)
	s.log = service.LogOptions{File: r.path(flagLogFile)}
	if r.c.Bool(flagVerbose) {
		s.log.Louder = service.Debug
	}
	if format := r.text(flagLogFormat); format != "" {
		_, err := config.ParseChoice(format, []string{service.FormatConsole, service.FormatJSON})
		r.fail(flagLogFormat, err)
		s.log.Format = format
	}
}

// readControl reads who may read the pages for monitoring, and where commands are taken.
func (s *settings) readControl(r *reader) {
	if r.text(flagAdminSocket) != "" {
		if s.adminSocket = readSocket(r); r.err == nil {
			r.fail(flagAdminSocket, run.SocketPlace(s.adminSocket))
		}
	}
	if s.adminSocket != "" && slices.Contains(s.admin, s.adminSocket) {
		r.fail(flagAdminSocket, fmt.Errorf("%s is an address of --admin, too: choose another path", s.adminSocket))
	}
	if s.adminToken = r.path(flagAdminToken); s.adminToken == "" || r.err != nil {
		return
	}
	if !slices.ContainsFunc(s.admin, func(address string) bool { return !filepath.IsAbs(address) }) {
		r.fail(flagAdminToken, errors.New("needs a port in --admin: unix sockets are guarded by their permissions"))
	}
	_, err := admin.ReadToken(s.adminToken)
	r.fail(flagAdminToken, err)
}

// readSocket returns the path of the socket that takes commands.
func readSocket(r *reader) string {
	path := r.path(flagAdminSocket)
	l, err := config.ParseSocket(path, 0)
	r.fail(flagAdminSocket, err)
	return l.Address
}

// readAdmin returns the addresses of the pages for monitoring, each once.
func readAdmin(r *reader) (addresses []string) {
	for _, text := range r.list(flagAdmin) {
		address, err := config.ParseAdmin(text)
		r.fail(flagAdmin, err)
		if !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// readFleet reads the flags of a fleet into the settings of a proxy, whose pools are known.
func (s *settings) readFleet(r *reader) {
	s.config.Fleet = readFleet(r, false)
	f := s.config.Fleet
	if r.err != nil || f == nil {
		return
	}
	if f.Alone == config.AloneVIP && !s.config.VIP.IsValid() {
		r.fail(flagAlone, errors.New("vip needs --vip ADDRESS: name the address, or choose proven or always"))
	}
	s.warnings = append(s.warnings, fleetWarnings(f)...)
	told, err := redisTakesNoPart(s.config.Pools)
	r.fail(flagFleet, err)
	s.warnings = append(s.warnings, told...)
	if load := s.load; load != nil {
		s.load = func() ([]config.Pool, []string, error) {
			pools, warnings, err := load()
			if err != nil {
				return nil, nil, err
			}
			told, err := redisTakesNoPart(pools)
			if err != nil {
				return nil, nil, fmt.Errorf("--%s %w", flagFleet, err)
			}
			return pools, append(warnings, told...), nil
		}
	}
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ownConfig is twemproxy's own default file, relative to the folder that it is started in. Debian's
// package has another default.
const ownConfig = "conf/nutcracker.yml"

// Defaults of Debian's package.
const (
	defaultLog      = "/var/log/nutcracker/nutcracker.log"
	defaultConfig   = "/etc/nutcracker/nutcracker.yml"
	defaultPidFile  = "/run/nutcracker/nutcracker.pid"
	defaultAddr     = "0.0.0.0"
	defaultPort     = 22222
	defaultInterval = 30000
	defaultLevel    = 5
	defaultBuffer   = 16384
)

// Limits of values of options.
const (
	mostLevel   = 11
	leastBuffer = 512
	mostBuffer  = 16 << 20
)

// settings are the parsed options.
type settings struct {
	help, version, describe, test, daemonize bool

	level    int
	log      string // empty: stderr
	config   string
	addr     string // of the stats port
	port     int
	pidFile  string
	pidGiven bool

	logGiven, configGiven bool
}

func parse(args []string) (*settings, error) {
	s := &settings{
		level: defaultLevel, log: defaultLog, config: defaultConfig, addr: defaultAddr, port: defaultPort,
		pidFile: defaultPidFile,
	}
	return s, getopt(args, s.take)
}

// take parses one option. -i and -m are checked as by twemproxy, but have no effect: figures are always up to date,
// and buffers are as large as necessary.
func (s *settings) take(letter byte, value string) error {
	var err error
	switch letter {
	case 'h':
		s.help, s.version = true, true
	case 'V':
		s.version = true
	case 't':
		s.test = true
	case 'd':
		s.daemonize = true
	case 'D':
		s.describe, s.version = true, true
	case 'v':
		s.level, err = number(letter, value)
		s.level = min(s.level, mostLevel)
	case 'o':
		s.log, s.logGiven = value, true
	case 'c':
		s.config, s.configGiven = value, true
	case 's':
		return s.takePort(value)
	case 'a':
		s.addr = value
	case 'i':
		_, err = number(letter, value)
	case 'p':
		s.pidFile, s.pidGiven = value, true
	case 'm':
		return checkBuffer(value)
	}
	return err
}

func (s *settings) takePort(value string) error {
	port, err := number('s', value)
	if err == nil && (port < 1 || port > 65535) {
		err = fmt.Errorf("option -s value %s is not a valid port", value)
	}
	s.port = port
	return err
}

func checkBuffer(value string) error {
	n, err := number('m', value)
	switch {
	case err != nil || n == 0:
		return errors.New("option -m requires a non-zero number")
	case n < leastBuffer || n > mostBuffer:
		return fmt.Errorf("mbuf chunk size must be between %d and %d bytes", leastBuffer, mostBuffer)
	}
	return nil
}

// number parses a value of digits only. If it is too large for an int, the largest int is returned.
func number(letter byte, value string) (int, error) {
	if value == "" || strings.Trim(value, "0123456789") != "" {
		return 0, fmt.Errorf("option -%c requires a number", letter)
	}
	n, _ := strconv.Atoi(value)
	return n, nil
}

// settle applies twemproxy's own defaults if no file was named, and Debian's file does not exist but
// twemproxy's does. Then the log is stderr and there is no pid file, because Debian's folders may not exist
// either. debian is Debian's file.
func (s *settings) settle(debian string) {
	if s.configGiven {
		return
	}
	s.config = debian
	if _, err := os.Stat(debian); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	if _, err := os.Stat(ownConfig); err != nil {
		return
	}
	s.config = ownConfig
	if !s.logGiven {
		s.log = ""
	}
	if !s.pidGiven {
		s.pidFile = ""
	}
}

// stats returns the address of the stats port.
func (s *settings) stats() string { return net.JoinHostPort(s.addr, strconv.Itoa(s.port)) }

// files returns the names of files as absolute paths, because a daemon changes its folder. In the foreground there is
// a pid file only if it was asked for.
func (s *settings) files() (log, pidFile string, err error) {
	if s.daemonize || s.pidGiven {
		pidFile = s.pidFile
	}
	log = s.log
	for _, name := range []*string{&log, &pidFile} {
		if *name != "" && err == nil {
			*name, err = filepath.Abs(*name)
		}
	}
	return log, pidFile, err
}

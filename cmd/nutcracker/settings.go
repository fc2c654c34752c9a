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

// ownConfig is twemproxy's default file, in the folder that it is started in, before Debian has given it others.
const ownConfig = "conf/nutcracker.yml"

// The defaults are those of Debian's package.
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

// Limits of what the options take.
const (
	mostLevel   = 11
	leastBuffer = 512
	mostBuffer  = 16 << 20
)

// settings are the options as values.
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
	s := &settings{level: defaultLevel, log: defaultLog, config: defaultConfig, addr: defaultAddr, port: defaultPort, pidFile: defaultPidFile}
	return s, getopt(args, s.take)
}

// take takes one option. -i and -m are checked as twemproxy does, and have no effect: the figures are always those of the
// moment, and buffers fit what is in them.
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

// number reads a value of digits only. One that is too large for an int is the largest there is.
func number(letter byte, value string) (int, error) {
	if value == "" || strings.Trim(value, "0123456789") != "" {
		return 0, fmt.Errorf("option -%c requires a number", letter)
	}
	n, _ := strconv.Atoi(value)
	return n, nil
}

// settle takes twemproxy's own defaults where no file was named and Debian's is not there, but twemproxy's is: then the log is stderr,
// and there is no pid file, for Debian's folders may not be there either. debian is Debian's file.
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

// stats is where the stats port is.
func (s *settings) stats() string { return net.JoinHostPort(s.addr, strconv.Itoa(s.port)) }

// files makes the names of files absolute, because a daemon changes its folder, and leaves the pid file out where there is
// to be none: in the foreground there is one only if it was asked for.
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

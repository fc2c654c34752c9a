package main

import (
	"fmt"
	"io"

	"magent/internal/service"
)

// versionText returns what -V prints. The first line has the form of twemproxy's.
func versionText() string {
	return fmt.Sprintf("This is %s-%s\nasync event backend: epoll\n\n", program, service.Release())
}

// usage prints the text for -h, which is also printed after a wrong option.
func usage(w io.Writer) {
	fmt.Fprintf(w, `Usage: nutcracker [-?hVdDt] [-v verbosity level] [-o output file]
                  [-c conf file] [-s stats port] [-a stats addr]
                  [-i stats interval] [-p pid file] [-m mbuf size]

Options:
  -h, --help             : this help
  -V, --version          : show version and exit
  -t, --test-conf        : test configuration for syntax errors and exit
  -d, --daemonize        : run as a daemon
  -D, --describe-stats   : print stats description and exit
  -v, --verbose=N        : set logging level (default: %d, min: 0, max: %d)
  -o, --output=S         : set logging file (default: %s)
  -c, --conf-file=S      : set configuration file (default: %s)
  -s, --stats-port=N     : set stats monitoring port (default: %d)
  -a, --stats-addr=S     : set stats monitoring ip (default: %s)
  -i, --stats-interval=N : set stats aggregation interval in msec (default: %d msec)
  -p, --pid-file=S       : set pid file (default: %s)
  -m, --mbuf-size=N      : set size of mbuf chunk in bytes (default: %d bytes)

`, defaultLevel, mostLevel, defaultLog, defaultConfig, defaultPort, defaultAddr, defaultInterval,
		defaultPidFile, defaultBuffer)
}

const program = "nutcracker"

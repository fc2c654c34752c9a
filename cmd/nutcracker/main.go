// Command nutcracker replaces twemproxy by magent, with twemproxy's command line, file, signals and stats port.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"magent/internal/config"
	"magent/internal/run"
	"magent/internal/service"
	"magent/internal/stats"
)

func main() {
	os.Exit(execute(os.Args[1:], os.Stderr))
}

// execute runs a command line and returns the exit code, which is 1 for every error. Like twemproxy, it
// writes everything to stderr.
func execute(args []string, stderr io.Writer) int {
	s, err := parse(args)
	if err != nil {
		cannotServe(stderr, err)
		usage(stderr)
		return 1
	}
	s.settle(defaultConfig)
	switch {
	case s.version:
		s.inform(stderr)
		return 0
	case s.test:
		return s.check(stderr)
	case s.daemonize && !service.IsDaemon():
		return service.Daemonize(program, args, stderr)
	}
	return s.serve(stderr)
}

// inform prints what was asked for in place of running.
func (s *settings) inform(stderr io.Writer) {
	io.WriteString(stderr, versionText())
	if s.help {
		usage(stderr)
	}
	if s.describe {
		io.WriteString(stderr, stats.Describe())
	}
}

// check implements -t.
func (s *settings) check(stderr io.Writer) int {
	tellStrange(stderr)
	pools, warnings, err := config.LoadFile(s.config, names())
	if err != nil {
		run.TellWrong(stderr, program, s.config, err)
		return 1
	}
	if !run.Check(stderr, program, s.config, pools, warnings) {
		return 1
	}
	return 0
}

// serve runs the pools of the file.
func (s *settings) serve(stderr io.Writer) int {
	pools, warnings, err := config.LoadFile(s.config, names())
	var mistakes config.FileErrors
	switch {
	case errors.As(err, &mistakes):
		tellStrange(stderr)
		run.TellWrong(stderr, program, s.config, err)
		return 1
	case err != nil: // there is no file whose syntax could be wrong
		return cannotServe(stderr, err)
	}
	o, err := s.options(pools, stderr)
	if err != nil {
		return cannotServe(stderr, err)
	}
	o.Process.Warnings = append(warnings, strangeVariables()...)
	exit, err := run.Run(o)
	if err != nil {
		return cannotServe(stderr, err)
	}
	return exit
}

// cannotServe prints why nothing runs, in one line, behind what the log would have said of variables.
func cannotServe(stderr io.Writer, err error) int {
	tellStrange(stderr)
	fmt.Fprintf(stderr, "%s: %s\n", program, strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; "))
	return 1
}

// Command magent is a proxy that stores everything twice in memcached. Each key has a copy on a primary and one on a
// backup, and if one of them fails its clients do not notice.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"magent/cmd/magent/usage"
	"magent/internal/config"
	"magent/internal/run"
	"magent/internal/service"
)

func main() {
	os.Exit(execute(os.Args[1:], run.Names(), os.Stdout, os.Stderr))
}

// meant are words that are no commands, and what they stand for in other programs.
var meant = map[string]string{"stat": "status", "stats": "status", "help": "--help", "version": "--version"}

// execute runs a command line and returns the exit code. Errors are one line on stderr.
func execute(args []string, names config.Names, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		if c := usage.Named(commands(), args[0]); c != nil {
			if c.Flags != nil && len(c.Flags()) > 0 && c.Name != witnessCommand { // which has a log, as the proxy has
				tellStrange(stderr)
			}
			return c.Run(args[1:], names, stdout, stderr)
		}
		near := meant[args[0]]
		if near == "" {
			near = config.Nearest(args[0], commandNames())
		}
		if near != "" {
			return fail(stderr, fmt.Errorf("unknown command %q: did you mean %s?", args[0], near), exitUsage)
		}
	}
	s, err := parse(args, names)
	var mistakes config.FileErrors
	switch {
	case errors.As(err, &mistakes):
		tellStrange(stderr)
		run.TellWrong(stderr, program, s.file, err)
		return exitFailed
	case err != nil:
		return cannotServe(stderr, err, exitUsage)
	case s.help:
		io.WriteString(stdout, helpText())
		return 0
	case s.version:
		fmt.Fprintln(stdout, service.VersionLine(program))
		return 0
	case s.test:
		if !run.Check(stderr, program, s.file, s.config.Pools, s.warnings) {
			return exitFailed
		}
		return 0
	case s.daemonize && !service.IsDaemon() && !service.IsChild():
		return service.Daemonize(program, args, stderr)
	}
	if err := s.prepare(); err != nil {
		return cannotServe(stderr, err, exitFailed)
	}
	exit, err := run.Run(s.process(stderr))
	if err != nil {
		return cannotServe(stderr, err, exitFailed)
	}
	return exit
}

// Command magent is a proxy that keeps two copies of everything that is stored in memcached: each key lies on a
// primary and on a backup, and when one of them fails its clients do not notice.
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
)

const program = "magent"

// The exit codes beside 0.
const (
	exitFailed = 1 // could not start, or had to stop
	exitUsage  = 2 // the command line is wrong
)

func main() {
	os.Exit(execute(os.Args[1:], run.Names(), os.Stdout, os.Stderr))
}

// execute does what the command line says and returns the exit code. What goes wrong is one line on stderr.
func execute(args []string, names config.Names, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		if c := commandNamed(args[0]); c != nil {
			return c.run(args[1:], names, stdout, stderr)
		}
	}
	s, err := parse(args, names)
	var mistakes config.FileErrors
	switch {
	case errors.As(err, &mistakes):
		run.TellWrong(stderr, program, s.file, err)
		return exitFailed
	case err != nil:
		return fail(stderr, err, exitUsage)
	case s.help:
		io.WriteString(stdout, helpText())
		return 0
	case s.version:
		fmt.Fprintln(stdout, service.VersionLine(program))
		return 0
	case s.test:
		run.TellRight(stderr, program, s.file, s.warnings)
		return 0
	case s.daemonize && !service.IsDaemon() && !service.IsChild():
		return service.Daemonize(program, args, stderr)
	}
	if err := s.prepare(); err != nil {
		return fail(stderr, err, exitFailed)
	}
	exit, err := run.Run(s.process(stderr))
	if err != nil {
		return fail(stderr, err, exitFailed)
	}
	return exit
}

// fail says in one line why nothing runs.
func fail(stderr io.Writer, err error, exit int) int {
	fmt.Fprintf(stderr, "%s: %s\n", program, strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; "))
	return exit
}

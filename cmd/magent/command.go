package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"magent/internal/config"
)

const program = "magent"

// Exit codes other than 0.
const (
	exitFailed = 1 // it could not start, or had to stop
	exitUsage  = 2 // the command line is wrong
)

// fail prints why nothing runs, in one line.
func fail(stderr io.Writer, err error, exit int) int {
	fmt.Fprintf(stderr, "%s: %s\n", program, strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; "))
	return exit
}

// command is a subcommand of magent, with its own flags.
type command struct {
	name, brief string
	run         func(args []string, names config.Names, stdout, stderr io.Writer) int // returns the exit code

	// For the manual page and for shell completion; nil for commands that people do not type.
	flags func() []cli.Flag
	own   func() []cli.Flag // flags that magent itself does not have
	help  string            // the help text without the flags
	words []string          // the arguments that it accepts
}

// named returns the command of a list, or nil if there is none.
func named(all []command, word string) *command {
	if i := slices.IndexFunc(all, func(c command) bool { return c.name == word }); i >= 0 {
		return &all[i]
	}
	return nil
}

func noFlags() []cli.Flag { return nil }

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
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

func noFlags() []cli.Flag { return nil }

package main

import (
	"fmt"
	"io"

	"magent/cmd/magent/usage"
	"magent/internal/service"
)

// manCommand is the subcommand that prints the manual page.
const manCommand = "man"

const manHead = `magent man - print the manual page
usage: magent man

  magent man | man -l -
`

// runMan is magent man, which describes p. It returns the exit code.
func runMan(args []string, p *usage.Program, stdout, stderr io.Writer) int {
	if len(args) == 1 && (args[0] == "-h" || args[0] == "--help") {
		io.WriteString(stdout, manHead)
		return 0
	}
	if len(args) > 0 {
		return fail(stderr, fmt.Errorf("man: unexpected argument %q: leave it out", args[0]), exitUsage)
	}
	io.WriteString(stdout, p.Man(service.Release(), service.Date()))
	return 0
}

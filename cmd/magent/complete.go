package main

import (
	"fmt"
	"io"

	"magent/cmd/magent/usage"
	"magent/internal/config"
	"magent/internal/service"
)

// completeCommand is the subcommand by which a shell asks for completions of the word at the cursor.
const completeCommand = "complete"

// runComplete is magent complete, for p. Its arguments are the words behind "magent" up to the
// cursor. The last one is to be completed. It prints a completion on each line, perhaps with a tab and a description.
// No line means any file name.
func runComplete(args []string, p *usage.Program, names config.Names, stdout io.Writer) int {
	p.Values = func(flag string) []string { return valuesOf(flag, names) }
	for _, c := range p.Complete(args) {
		line := c.Word
		if c.Brief != "" {
			line += "\t" + c.Brief
		}
		fmt.Fprintln(stdout, line)
	}
	return 0
}

// valuesOf lists the values of a flag that have names.
func valuesOf(flag string, names config.Names) []string {
	switch flag {
	case flagHash:
		return names.Hashes
	case flagDistribution:
		return names.Distributions
	case flagAck:
		return []string{string(config.AckAll), string(config.AckPrimary)}
	case flagAlone:
		return []string{string(config.AloneProven), string(config.AloneVIP), string(config.AloneAlways)}
	case flagLogFormat:
		return []string{service.FormatConsole, service.FormatJSON}
	}
	return nil
}

package usage

import (
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"magent/internal/config"
)

// Program is a program with its commands.
type Program struct {
	Name     string
	Help     string     // the help text in front of the flags
	Flags    []cli.Flag // each with a category, which is its topic
	Topics   []string   // of Flags, in the order in which they are shown
	Commands []Command  // those that people type
	// Values lists the values of a flag that have names; nil: it has none
	Values func(flag string) []string
}

// Command is a subcommand of a program, with its own flags.
type Command struct {
	Name, Brief string
	Run         func(args []string, names config.Names, stdout, stderr io.Writer) int // returns the exit code

	// For the manual page and for shell completion; nil for commands that people do not type.
	Flags func() []cli.Flag
	Own   func() []cli.Flag // flags that the program itself does not have
	Help  string            // the help text without the flags
	Words []string          // the arguments that it accepts
}

// Named returns the command of a list, or nil if there is none.
func Named(all []Command, word string) *Command {
	if i := slices.IndexFunc(all, func(c Command) bool { return c.Name == word }); i >= 0 {
		return &all[i]
	}
	return nil
}

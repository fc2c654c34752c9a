package main

import (
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"magent/internal/config"
)

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

func commands() []command {
	return []command{
		{
			name: verifyCommand, brief: "compare the two copies of every key", run: runVerify,
			flags: newVerifyFlags, own: ownVerifyFlags, help: verifyHead + verifyTail,
		},
		{
			name: reloadCommand, brief: "make a running magent reload its file of pools", run: runReload,
			flags: newReloadFlags, own: noFlags, help: reloadHead,
		},
		{
			name: drainCommand, brief: "take a server out of use, for maintenance", run: runDrain,
			flags: newDrainFlags, own: ownDrainFlags, help: drainHead,
		},
		{
			name: undrainCommand, brief: "use a server again that was drained", run: runUndrain,
			flags: newUndrainFlags, own: ownUndrainFlags, help: undrainHead,
		},
		{
			name: statusCommand, brief: "print the state of a running magent", run: runStatus,
			flags: newStatusFlags, own: ownStatusFlags, help: statusHead,
		},
		{
			name: topCommand, brief: "show the state of a running magent", run: runTop,
			flags: whichFlags, own: noFlags, help: topHead,
		},
		{
			name: healthCommand, brief: "ask a magent whether it can serve", run: runHealth,
			flags: newHealthFlags, own: ownHealthFlags, help: healthHead + healthTail,
		},
		{
			name: witnessCommand, brief: "vote in a fleet of magents, without a pool", run: runWitness,
			flags: newWitnessFlags, own: noFlags, help: witnessHead,
		},
		{
			name: completionCommand, brief: "print what bash, zsh or fish need to complete command lines",
			run:   runCompletion,
			flags: noFlags, own: noFlags, help: completionHead, words: shells(),
		},
		{
			name: manCommand, brief: "print the manual page, for man -l -", run: runMan, flags: noFlags, own: noFlags,
			help: manHead,
		},
		{name: completeCommand, run: runComplete},
	}
}

// commandNamed returns the command, or nil if there is none.
func commandNamed(word string) *command {
	all := commands()
	if i := slices.IndexFunc(all, func(c command) bool { return c.name == word }); i >= 0 {
		return &all[i]
	}
	return nil
}

// typedCommands returns the commands that people type.
func typedCommands() []command {
	return slices.DeleteFunc(commands(), func(c command) bool { return c.flags == nil })
}

func commandNames() (names []string) {
	for _, c := range typedCommands() {
		names = append(names, c.name)
	}
	return names
}

func noFlags() []cli.Flag { return nil }

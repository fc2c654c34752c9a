package main

import (
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"magent/internal/config"
)

// command is a word that magent takes as its first argument, with flags of its own.
type command struct {
	name, brief string
	run         func(args []string, names config.Names, stdout, stderr io.Writer) int // returns the exit code

	// For the manual page and for shells that complete command lines; nil for what people do not type.
	flags func() []cli.Flag
	own   func() []cli.Flag // those that magent itself has not
	help  string            // its help text without the flags
	words []string          // what it takes in place of flags
}

func commands() []command {
	return []command{
		{
			name: verifyCommand, brief: "compare the two copies of every key", run: runVerify,
			flags: newVerifyFlags, own: ownVerifyFlags, help: verifyHead + verifyTail,
		},
		{
			name: reloadCommand, brief: "have a running magent take its file of pools anew", run: runReload,
			flags: newReloadFlags, own: noFlags, help: reloadHead,
		},
		{
			name: topCommand, brief: "show how a running magent is", run: runTop,
			flags: newTopFlags, own: noFlags, help: topHead,
		},
		{
			name: healthCommand, brief: "ask a magent whether it can serve", run: runHealth,
			flags: newHealthFlags, own: ownHealthFlags, help: healthHead + healthTail,
		},
		{
			name: completionCommand, brief: "print what bash, zsh or fish need to complete command lines", run: runCompletion,
			flags: noFlags, own: noFlags, help: completionHead, words: shells(),
		},
		{name: manCommand, brief: "print the manual page, for man -l -", run: runMan, flags: noFlags, own: noFlags, help: manHead},
		{name: completeCommand, run: runComplete},
	}
}

// commandNamed returns nil where the word is no command.
func commandNamed(word string) *command {
	all := commands()
	if i := slices.IndexFunc(all, func(c command) bool { return c.name == word }); i >= 0 {
		return &all[i]
	}
	return nil
}

// typedCommands are those for people.
func typedCommands() []command {
	return slices.DeleteFunc(commands(), func(c command) bool { return c.flags == nil })
}

func noFlags() []cli.Flag { return nil }

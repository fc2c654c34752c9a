package main

import (
	"io"
	"slices"

	"magent/internal/config"
)

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
			name: manCommand, brief: "print the manual page, for man -l -", flags: noFlags, own: noFlags,
			help: manHead,
			run: func(args []string, _ config.Names, stdout, stderr io.Writer) int {
				return runMan(args, typedCommands(), stdout, stderr)
			},
		},
		{name: completeCommand, run: func(args []string, names config.Names, stdout, _ io.Writer) int {
			return runComplete(args, typedCommands(), names, stdout)
		}},
	}
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

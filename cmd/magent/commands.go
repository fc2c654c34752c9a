package main

import (
	"io"
	"slices"

	"magent/cmd/magent/usage"
	"magent/internal/config"
)

func commands() []usage.Command {
	return []usage.Command{
		{
			Name: verifyCommand, Brief: "compare the two copies of every key", Run: runVerify,
			Flags: newVerifyFlags, Own: ownVerifyFlags, Help: verifyHead + verifyTail,
		},
		{
			Name: reloadCommand, Brief: "make a running magent reload its file of pools", Run: runReload,
			Flags: newReloadFlags, Own: noFlags, Help: reloadHead,
		},
		{
			Name: drainCommand, Brief: "take a server out of use, for maintenance", Run: runDrain,
			Flags: newDrainFlags, Own: ownDrainFlags, Help: drainHead,
		},
		{
			Name: undrainCommand, Brief: "use a server again that was drained", Run: runUndrain,
			Flags: newUndrainFlags, Own: ownUndrainFlags, Help: undrainHead,
		},
		{
			Name: statusCommand, Brief: "print the state of a running magent", Run: runStatus,
			Flags: newStatusFlags, Own: ownStatusFlags, Help: statusHead,
		},
		{
			Name: topCommand, Brief: "show the state of a running magent", Run: runTop,
			Flags: whichFlags, Own: noFlags, Help: topHead,
		},
		{
			Name: healthCommand, Brief: "ask a magent whether it can serve", Run: runHealth,
			Flags: newHealthFlags, Own: ownHealthFlags, Help: healthHead + healthTail,
		},
		{
			Name: witnessCommand, Brief: "vote in a fleet of magents, without a pool", Run: runWitness,
			Flags: newWitnessFlags, Own: noFlags, Help: witnessHead,
		},
		{
			Name: completionCommand, Brief: "print what bash, zsh or fish need to complete command lines",
			Run:   runCompletion,
			Flags: noFlags, Own: noFlags, Help: completionHead, Words: usage.Shells(),
		},
		{
			Name: manCommand, Brief: "print the manual page, for man -l -", Flags: noFlags, Own: noFlags,
			Help: manHead,
			Run: func(args []string, _ config.Names, stdout, stderr io.Writer) int {
				return runMan(args, described(), stdout, stderr)
			},
		},
		{Name: completeCommand, Run: func(args []string, names config.Names, stdout, _ io.Writer) int {
			return runComplete(args, described(), names, stdout)
		}},
	}
}

// typedCommands returns the commands that people type.
func typedCommands() []usage.Command {
	return slices.DeleteFunc(commands(), func(c usage.Command) bool { return c.Flags == nil })
}

func commandNames() (names []string) {
	for _, c := range typedCommands() {
		names = append(names, c.Name)
	}
	return names
}

// described is magent as its manual page and completions describe it.
func described() *usage.Program {
	return &usage.Program{
		Name: program, Help: helpHead, Flags: newFlags(), Topics: topics(), Commands: typedCommands(),
	}
}

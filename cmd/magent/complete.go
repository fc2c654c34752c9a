package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"magent/internal/config"
	"magent/internal/service"
)

// completeCommand is the subcommand by which a shell asks for completions of the word at the cursor.
const completeCommand = "complete"

// candidate is a completion with its description.
type candidate struct{ word, brief string }

// runComplete is magent complete, for these commands. Its arguments are the words behind "magent" up to the
// cursor. The last one is to be completed. It prints a completion on each line, perhaps with a tab and a description.
// No line means any file name.
func runComplete(args []string, typed []command, names config.Names, stdout io.Writer) int {
	for _, c := range complete(args, typed, names) {
		line := c.word
		if c.brief != "" {
			line += "\t" + c.brief
		}
		fmt.Fprintln(stdout, line)
	}
	return 0
}

func complete(words []string, typed []command, names config.Names) []candidate {
	if len(words) == 0 {
		return nil
	}
	flags, first := newFlags(), len(words) == 1
	var choices []candidate
	if c := named(typed, words[0]); c != nil && !first {
		flags, words, first = c.flags(), words[1:], len(words) == 2
		for _, word := range c.words {
			choices = append(choices, candidate{word: word})
		}
	} else if first {
		for _, c := range typed {
			choices = append(choices, candidate{c.name, c.brief})
		}
	}
	last := words[len(words)-1]
	if name, _, glued := strings.Cut(last, "="); glued && strings.HasPrefix(name, "--") {
		return startingWith(last, glue(name+"=", valuesOf(flagNamed(flags, name[2:]), names)))
	}
	if len(words) > 1 {
		if f := openFlag(flags, words[len(words)-2]); f != nil {
			return startingWith(last, valuesOf(f, names))
		}
	}
	if !first || strings.HasPrefix(last, "-") {
		choices = nil
	}
	for _, f := range flags {
		if !f.(cli.VisibleFlag).IsVisible() {
			continue
		}
		_, brief := describe(f)
		choices = append(choices, candidate{"--" + longName(f), brief})
	}
	return startingWith(last, choices)
}

// openFlag returns the flag at the end of a word that takes the next word as its value, or nil.
func openFlag(flags []cli.Flag, word string) cli.Flag {
	var f cli.Flag
	switch {
	case strings.HasPrefix(word, "--"):
		f = flagNamed(flags, word[2:])
	case strings.HasPrefix(word, "-"):
		for i, letter := range word[1:] { // switches, and at most one flag with a value, which ends the cluster
			f = flagNamed(flags, string(letter))
			if f == nil || takesValue(f) && i < len(word)-2 {
				return nil
			}
		}
	}
	if f == nil || !takesValue(f) {
		return nil
	}
	return f
}

// flagNamed returns the flag, or nil if there is none.
func flagNamed(flags []cli.Flag, name string) cli.Flag {
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return nil
	}
	return flags[i]
}

func takesValue(f cli.Flag) bool { return f.(cli.DocGenerationFlag).TakesValue() }

// valuesOf lists the values of a flag if they have names, else its default.
func valuesOf(f cli.Flag, names config.Names) []candidate {
	if f == nil {
		return nil
	}
	var values []string
	switch longName(f) {
	case flagHash:
		values = names.Hashes
	case flagDistribution:
		values = names.Distributions
	case flagAck:
		values = []string{string(config.AckAll), string(config.AckPrimary)}
	case flagAlone:
		values = []string{string(config.AloneProven), string(config.AloneVIP), string(config.AloneAlways)}
	case flagLogFormat:
		values = []string{service.FormatConsole, service.FormatJSON}
	default:
		if s, ok := f.(*cli.StringFlag); ok && s.Value != "" {
			values = []string{s.Value}
		}
	}
	var out []candidate
	for _, v := range values {
		out = append(out, candidate{word: v})
	}
	return out
}

func glue(prefix string, list []candidate) []candidate {
	for i := range list {
		list[i].word = prefix + list[i].word
	}
	return list
}

func startingWith(prefix string, list []candidate) []candidate {
	return slices.DeleteFunc(list, func(c candidate) bool { return !strings.HasPrefix(c.word, prefix) })
}

package usage

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Candidate is a completion with its description.
type Candidate struct{ Word, Brief string }

// Complete returns what the last one of words can become. They are those behind the program's name, up to the cursor.
// Nothing means any file name.
func (p *Program) Complete(words []string) []Candidate {
	if len(words) == 0 {
		return nil
	}
	flags, first := p.Flags, len(words) == 1
	var choices []Candidate
	if c := Named(p.Commands, words[0]); c != nil && !first {
		flags, words, first = c.Flags(), words[1:], len(words) == 2
		for _, word := range c.Words {
			choices = append(choices, Candidate{Word: word})
		}
	} else if first {
		for _, c := range p.Commands {
			choices = append(choices, Candidate{c.Name, c.Brief})
		}
	}
	last := words[len(words)-1]
	if name, _, glued := strings.Cut(last, "="); glued && strings.HasPrefix(name, "--") {
		return startingWith(last, glue(name+"=", p.valuesOf(flagNamed(flags, name[2:]))))
	}
	if len(words) > 1 {
		if f := openFlag(flags, words[len(words)-2]); f != nil {
			return startingWith(last, p.valuesOf(f))
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
		choices = append(choices, Candidate{"--" + LongName(f), brief})
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
func (p *Program) valuesOf(f cli.Flag) (out []Candidate) {
	if f == nil {
		return nil
	}
	values := p.Values(LongName(f))
	if s, ok := f.(*cli.StringFlag); ok && values == nil && s.Value != "" {
		values = []string{s.Value}
	}
	for _, v := range values {
		out = append(out, Candidate{Word: v})
	}
	return out
}

func glue(prefix string, list []Candidate) []Candidate {
	for i := range list {
		list[i].Word = prefix + list[i].Word
	}
	return list
}

func startingWith(prefix string, list []Candidate) []Candidate {
	return slices.DeleteFunc(list, func(c Candidate) bool { return !strings.HasPrefix(c.Word, prefix) })
}

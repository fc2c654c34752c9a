package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ArgSpec describes a flag.
type ArgSpec struct {
	Names []string // the long name first, then its aliases; names of one letter are short flags
	Value string   // what messages call the value, such as "PORT"; empty for a switch
	// Remedy is said of a flag of memcached's that magent does not have: what to write instead. Empty: it has it
	Remedy string
}

// Args is an argument list in a uniform spelling.
type Args struct {
	List  []string          // only "--long=value" and "--switch=true", in the given order
	Typed map[string]string // long name -> the flag as the user wrote it, for messages
}

// NormalizeArgs parses args, without the program's name, as getopt does. Short flags may be clustered ("-Dk"). A
// value may be glued to its flag ("-p12000"), follow it, or follow "--long" or "--long=". The result has every flag
// under its long name, so that only this function has to know the short ones. An error is one line that names the
// argument and the remedy.
func NormalizeArgs(specs []ArgSpec, args []string) (Args, error) {
	n := normalizer{specs: specs, rest: args, out: Args{Typed: map[string]string{}}}
	for len(n.rest) > 0 {
		arg := n.rest[0]
		n.rest = n.rest[1:]
		var err error
		switch {
		case arg == "--" && len(n.rest) == 0:
		case strings.HasPrefix(arg, "--") && arg != "--":
			err = n.long(arg)
		case strings.HasPrefix(arg, "-") && len(arg) > 1 && arg != "--":
			err = n.cluster(arg)
		default:
			if arg == "--" {
				arg = n.rest[0]
			}
			err = n.unexpected(arg)
		}
		if err != nil {
			return Args{}, err
		}
	}
	return n.out, nil
}

type normalizer struct {
	specs []ArgSpec
	rest  []string
	out   Args

	typed, value string // the last flag that got a value, as typed
}

// unexpected is the error for an argument that is neither a flag nor the value of one.
func (n *normalizer) unexpected(arg string) error {
	if n.value != "" && isDigits(n.value[len(n.value)-1:]) && isUnit(arg) {
		return fmt.Errorf("unexpected argument %q: write %s %s%s, without a blank", arg, n.typed, n.value, arg)
	}
	if n.find("server") == nil { // of a command that may take an address, which is not the value of a flag
		return fmt.Errorf("unexpected argument %q: leave it out, or write it right behind the command", arg)
	}
	return fmt.Errorf("unexpected argument %q: every setting has a flag in front, for example -s %s", arg, arg)
}

// isUnit reports whether text may stand behind a number, in a time or a size.
func isUnit(text string) bool {
	return slices.Contains([]string{"ns", "us", "µs", "ms", "s", "m", "h", "k", "g"}, strings.ToLower(text))
}

// long handles "--name", "--name=value" and "--name value".
func (n *normalizer) long(arg string) error {
	name, value, glued := strings.Cut(arg[2:], "=")
	spec := n.find(name)
	if spec == nil || len(name) == 1 {
		return n.unknown("--" + name)
	}
	return n.take(spec, "--"+name, value, glued)
}

// cluster handles "-k", "-Dk", "-p12000", "-p=12000", "-p 12000" and "-Dkp 12000".
func (n *normalizer) cluster(arg string) error {
	name, _, _ := strings.Cut(arg[1:], "=")
	if len(name) > 1 && n.find(name) != nil {
		return fmt.Errorf("unknown flag -%s: write --%s", name, name)
	}
	letters := arg[1:]
	for letters != "" {
		letter := letters[:1]
		letters = letters[1:]
		spec := n.find(letter)
		if spec == nil {
			return n.unknownLetter(letter, arg)
		}
		if spec.Remedy != "" {
			return fmt.Errorf("flag -%s %s", letter, spec.Remedy)
		}
		if value, glued := strings.CutPrefix(letters, "="); spec.Value == "" && glued {
			return n.take(spec, "-"+letter, value, true)
		}
		if spec.Value == "" {
			if err := n.take(spec, "-"+letter, "", false); err != nil {
				return err
			}
			continue
		}
		return n.take(spec, "-"+letter, strings.TrimPrefix(letters, "="), letters != "")
	}
	return nil
}

// take appends one flag to the result, with the next argument as its value if it has none yet.
func (n *normalizer) take(spec *ArgSpec, typed, value string, glued bool) error {
	switch {
	case spec.Value == "" && !glued:
		value = "true"
	case spec.Value == "":
		if _, err := strconv.ParseBool(value); err != nil {
			return fmt.Errorf("%s=%s: this flag is a switch: leave the value out, or write true or false",
				typed, value)
		}
	case !glued && len(n.rest) == 0:
		return fmt.Errorf("flag %s needs a value: %s %s", typed, typed, spec.Value)
	case !glued:
		value = n.rest[0]
		n.rest = n.rest[1:]
	}
	if spec.Value != "" && strings.TrimSpace(value) == "" {
		return fmt.Errorf("flag %s has an empty value: write %s %s, or leave the flag out", typed, typed, spec.Value)
	}
	if spec.Value != "" {
		n.typed, n.value = typed, value
	}
	long := spec.Names[0]
	n.out.List = append(n.out.List, "--"+long+"="+value)
	n.out.Typed[long] = typed
	return nil
}

func (n *normalizer) find(name string) *ArgSpec {
	for i := range n.specs {
		for _, have := range n.specs[i].Names {
			if have == name {
				return &n.specs[i]
			}
		}
	}
	return nil
}

func (n *normalizer) unknown(typed string) error {
	if near := Nearest(strings.TrimLeft(typed, "-"), n.longNames()); near != "" {
		return fmt.Errorf("unknown flag %s: did you mean --%s? (-h lists all flags)", typed, near)
	}
	return fmt.Errorf("unknown flag %s: -h lists all flags", typed)
}

// unknownLetter returns the error for an unknown letter in a cluster. A cluster that resembles a long name is taken
// for that name with a dash missing.
func (n *normalizer) unknownLetter(letter, arg string) error {
	if len(arg) > 4 {
		name, _, _ := strings.Cut(arg[1:], "=")
		if near := Nearest(name, n.longNames()); near != "" {
			return fmt.Errorf("unknown flag %s: did you mean --%s? (-h lists all flags)", arg, near)
		}
	}
	if len(arg) > 2 {
		return fmt.Errorf("unknown flag -%s in %q: -h lists all flags", letter, arg)
	}
	return fmt.Errorf("unknown flag %s: -h lists all flags", arg)
}

func (n *normalizer) longNames() []string {
	var names []string
	for _, spec := range n.specs {
		for _, name := range spec.Names {
			if len(name) > 1 {
				names = append(names, name)
			}
		}
	}
	return names
}

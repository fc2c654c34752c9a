package main

import (
	"fmt"
	"strings"
)

// option is an option of the command line.
type option struct {
	letter byte
	long   string
	value  string // what messages call its value; empty: it takes none
}

// options are twemproxy's, in the order of the usage text.
var options = []option{
	{'h', "help", ""},
	{'V', "version", ""},
	{'t', "test-conf", ""},
	{'d', "daemonize", ""},
	{'D', "describe-stats", ""},
	{'v', "verbose", "a number"},
	{'o', "output", "a file name"},
	{'c', "conf-file", "a file name"},
	{'s', "stats-port", "a number"},
	{'a', "stats-addr", "a string"},
	{'i', "stats-interval", "a number"},
	{'p', "pid-file", "a file name"},
	{'m', "mbuf-size", "a number"},
}

// getopt parses arguments like C's getopt_long, on which twemproxy relies. Letters may be clustered, values may
// follow their letter or be the next argument, and long names may be abbreviated. Other arguments are ignored, and
// "--" ends the options. It calls take for each option, and returns the first error.
func getopt(args []string, take func(letter byte, value string) error) error {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		var err error
		switch {
		case arg == "--":
			return nil
		case strings.HasPrefix(arg, "--"):
			args, err = long(arg[2:], args, take)
		case strings.HasPrefix(arg, "-"):
			args, err = cluster(arg[1:], args, take)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// long parses an option with a long name. Its value may be in rest.
func long(arg string, rest []string, take func(byte, string) error) ([]string, error) {
	name, value, given := strings.Cut(arg, "=")
	o := byName(name)
	switch {
	case o == nil:
		return nil, fmt.Errorf("invalid option -- '%s'", name)
	case o.value == "" && given:
		return nil, fmt.Errorf("invalid option -- '%c'", o.letter)
	case o.value != "" && !given:
		if len(rest) == 0 {
			return nil, o.lacks()
		}
		value, rest = rest[0], rest[1:]
	}
	return rest, take(o.letter, value)
}

// byName returns the option with this name, or with a name that only it begins with.
func byName(name string) *option {
	var found *option
	for i := range options {
		switch o := &options[i]; {
		case o.long == name:
			return o
		case !strings.HasPrefix(o.long, name):
		case found != nil:
			return nil
		default:
			found = o
		}
	}
	return found
}

// cluster parses options by their letters. The value of the last one may be in rest.
func cluster(letters string, rest []string, take func(byte, string) error) ([]string, error) {
	for i := range len(letters) {
		o := byLetter(letters[i])
		switch {
		case o == nil:
			return nil, fmt.Errorf("invalid option -- '%c'", letters[i])
		case o.value == "":
			if err := take(o.letter, ""); err != nil {
				return nil, err
			}
			continue
		case i+1 < len(letters):
			return rest, take(o.letter, letters[i+1:])
		case len(rest) == 0:
			return nil, o.lacks()
		}
		return rest[1:], take(o.letter, rest[0])
	}
	return rest, nil
}

func byLetter(letter byte) *option {
	for i := range options {
		if options[i].letter == letter {
			return &options[i]
		}
	}
	return nil
}

func (o *option) lacks() error { return fmt.Errorf("option -%c requires %s", o.letter, o.value) }

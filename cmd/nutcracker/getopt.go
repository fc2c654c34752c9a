package main

import (
	"fmt"
	"strings"
)

// option is an option of the command line.
type option struct {
	letter byte
	long   string
	value  string // what it requires, in messages; empty: it takes no value
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

// getopt goes through arguments as C's getopt_long does, on which twemproxy relies: letters in clusters, values behind
// their letter or in the next argument, long names cut short where they are clear. What is no option is passed over, and
// "--" is the end. take is called for each option; the first error is returned.
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

// long takes an option by its long name, and perhaps its value from rest.
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

// byName finds an option by its long name or the beginning of it, if no other option begins so.
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

// cluster takes options by their letters, and perhaps the value of the last one from rest.
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

package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// FileErrors are all errors in a file of pools, in the order of the file. Each has the form "FILE:LINE:COLUMN: what
// was found, and what to do".
type FileErrors []string

func (e FileErrors) Error() string { return strings.Join(e, "\n") }

// LoadFile reads a file of pools. The format is that of twemproxy's nutcracker.yml, with additional keys. An error is
// a FileErrors, unless the file cannot be read. warnings have the same form; they are about settings that are valid
// but may have surprising effects.
func LoadFile(path string, names Names) (pools []Pool, warnings []string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		var reason *fs.PathError
		if errors.As(err, &reason) {
			err = reason.Err
		}
		return nil, nil, fmt.Errorf("configuration file %q: %w: name a file of pools with -c", path, err)
	}
	return LoadText(path, text, names)
}

// LoadText is LoadFile for the contents of a file. path is the file's name in messages.
func LoadText(path string, text []byte, names Names) (pools []Pool, warnings []string, err error) {
	f := &file{name: path, names: names}
	var sections []*section
	for _, raw := range f.parse(text) {
		sections = append(sections, f.section(raw))
	}
	f.together(sections)
	if len(f.errors) > 0 {
		return nil, nil, FileErrors(f.lines(f.errors))
	}
	for _, s := range sections {
		s.surprises()
		pools = append(pools, s.pool)
	}
	return pools, f.lines(f.warnings), nil
}

// file is the state while a file is parsed.
type file struct {
	name             string
	names            Names
	errors, warnings []remark
}

// remark is an error or a warning about a place in the file.
type remark struct {
	line, column int
	text         string
}

func (f *file) fail(at *yaml.Node, format string, args ...any) {
	f.errors = append(f.errors, remark{at.Line, at.Column, fmt.Sprintf(format, args...)})
}

func (f *file) warn(at *yaml.Node, format string, args ...any) {
	f.warnings = append(f.warnings, remark{at.Line, at.Column, fmt.Sprintf(format, args...)})
}

// lines formats remarks in the order of the file.
func (f *file) lines(remarks []remark) []string {
	slices.SortStableFunc(remarks, func(a, b remark) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	var lines []string
	for _, r := range remarks {
		lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", f.name, r.line, r.column, r.text))
	}
	return lines
}

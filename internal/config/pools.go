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

// FileErrors is everything that is wrong with a file of pools, in the order of the file; each reads
// FILE:LINE:COLUMN: what was found, and what to do.
type FileErrors []string

func (e FileErrors) Error() string { return strings.Join(e, "\n") }

// LoadFile reads the pools of a file in the format of twemproxy's nutcracker.yml, with keys of our own beside
// twemproxy's. An error is a FileErrors with all that is wrong, unless the file cannot be read. What is right but may
// surprise is in warnings, in the same form.
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

// LoadText is LoadFile for the contents of a file; path is what errors call it.
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

// file is a file that is being read.
type file struct {
	name             string
	names            Names
	errors, warnings []remark
}

// remark is an error or a warning about one place.
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

// lines puts remarks into the order of the file.
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

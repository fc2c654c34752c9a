package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// FileErrors are all errors in a file of pools, in the order of the file. Each has the form "FILE:LINE:COLUMN: what
// was found, and what to do".
type FileErrors []string

func (e FileErrors) Error() string { return strings.Join(e, "\n") }

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

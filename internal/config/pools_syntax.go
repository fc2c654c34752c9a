package config

import (
	"bytes"
	"errors"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// syntaxErrors are what the parser says, by a part of it, and what is wrong in words. The first that fits counts.
var syntaxErrors = []struct{ part, text string }{
	{"escape", `a "\" in double quotes begins an escape that is not known: use single quotes`},
	{"quoted scalar", "a value in quotes has no end: close the quotes"},
	{"mapping values are not allowed", `a ":" is not expected here: write one "key: value" in a line, with a blank ` +
		`behind the colon, and quotes around a value with ": " in it`},
	{"unknown anchor", `a value begins with "*": put it in quotes`},
	{"scanning an alias", `a value begins with "*": put it in quotes`},
	{"scanning an anchor", `a value begins with "&": put it in quotes`},
	{"tag", `a value begins with "!": put it in quotes`},
	{"flow ", `a value begins with "[" or "{": put it in quotes, and write a list as lines of "- value"`},
	{"cannot start any token", "a value begins with a special character: put it in quotes"},
	{"directive", `a line begins with "%": put it in quotes, or leave it out`},
	{"block scalar", `a value begins with "|" or ">": put it in quotes`},
	{"document", `what follows here belongs to no pool: a file has no "---" or "..." between pools`},
	{"did not find expected key", "this line, or the one above it, is indented in another way than its neighbours, " +
		"or has text behind a value: indent the keys of a pool alike, and put values with special characters in " +
		"quotes"},
	{"expected '-' indicator", `this line is no part of the list above it: write "- value", indented like the others`},
	{"block sequence entries", `a "- value" is not expected here: write it in a line of its own, below its key`},
	{"expected ':'", `this line is neither "key: value" nor "- value"`},
	{"mapping keys are not allowed", `a "?" is not expected here: write "key: value"`},
	{"control characters", "there are bytes that are no text: write the file in UTF-8"},
	{"UTF-", "there are bytes that are no text: write the file in UTF-8"},
	{"max depth", "it is nested too deeply: a file has pools, their keys, and lists of servers"},
}

// inWords puts what the parser says into words, with what to do.
func inWords(said string) string {
	for _, e := range syntaxErrors {
		if strings.Contains(said, e.part) {
			return e.text
		}
	}
	return `write "key: value" lines, indent with blanks, and put values with special characters in quotes`
}

// syntax reports what the parser could not parse: what is wrong with a value, where that begins. The parser may have
// noticed it much later.
func (f *file) syntax(err error, text []byte) {
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		e = &yaml.LoadError{Message: err.Error()}
	}
	at := &yaml.Node{Line: max(1, e.Mark.Line), Column: max(1, e.Mark.Column)}
	if column := indentingTab(text, at.Line); column > 0 {
		at.Column = column
		f.fail(at, "found a tab in front of the text: indent with blanks")
		return
	}
	wrong := inWords(e.Message + " " + e.ContextMsg)
	if strings.HasPrefix(wrong, "a value ") && e.ContextMark.Line > 0 {
		at.Line, at.Column = e.ContextMark.Line, e.ContextMark.Column
	}
	f.fail(at, "not YAML: %s", wrong)
}

// indentingTab returns the column of the first tab in front of the text of a line, or 0. YAML allows none there.
func indentingTab(text []byte, number int) int {
	lines := bytes.Split(text, []byte("\n"))
	if number > len(lines) {
		return 0
	}
	line := lines[number-1]
	indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
	return bytes.IndexByte(indent, '\t') + 1
}

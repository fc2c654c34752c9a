package redis

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A step is a line of testdata/*.txt: a command, whose words may be quoted as Go quotes strings. A mark in front of it says how
// replies may differ: "~" in the order of an array's elements; "?" in all but the kind of reply. "#" begins a remark.
type step struct {
	line string
	mark byte // '~', '?' or 0
	args []string
}

// script is a file of steps, which are taken on one connection, with nothing stored before.
type script struct {
	name  string
	steps []step
}

// scripts reads all of testdata.
func scripts(t *testing.T) (all []script) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := script{name: strings.TrimSuffix(filepath.Base(file), ".txt")}
		for line := range strings.Lines(string(content)) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			s.steps = append(s.steps, parseStep(t, line))
		}
		all = append(all, s)
	}
	return all
}

func parseStep(t *testing.T, line string) step {
	t.Helper()
	s := step{line: line}
	rest := line
	if strings.HasPrefix(line, "~ ") || strings.HasPrefix(line, "? ") {
		s.mark, rest = line[0], line[2:]
	}
	for rest != "" {
		word := rest
		if rest[0] == '"' {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			unquoted, _ := strconv.Unquote(quoted)
			s.args, rest = append(s.args, unquoted), strings.TrimLeft(rest[len(quoted):], " ")
			continue
		}
		word, rest, _ = strings.Cut(rest, " ")
		s.args, rest = append(s.args, word), strings.TrimLeft(rest, " ")
	}
	return s
}

// normal is what of a reply has to be the same everywhere.
func (s *step) normal(reply string) string {
	switch s.mark {
	case '~':
		return sorted(reply)
	case '?':
		if !strings.HasPrefix(reply, "-") {
			return reply[:1]
		}
	}
	return reply
}

// bytes are all commands of a script.
func (s *script) bytes() string {
	var b strings.Builder
	for i := range s.steps {
		b.WriteString(command(s.steps[i].args...))
	}
	return b.String()
}

// replies reads as many replies as there are steps.
func (s *script) replies(c *conn) (out []string, err error) {
	for range s.steps {
		reply, err := c.tryReply()
		if err != nil {
			return out, err
		}
		out = append(out, reply)
	}
	return out, nil
}

// compare tells which replies differ.
func (s *script) compare(t *testing.T, want, got []string) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		if w, g := s.steps[i].normal(want[i]), s.steps[i].normal(got[i]); w != g {
			at := difference(w, g)
			t.Errorf("%s: %s\nredis says  %q\nmagent says %q", s.name, s.steps[i].line, excerpt(w, at), excerpt(g, at))
		}
	}
}

// difference is where two replies begin to differ.
func difference(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func excerpt(text string, at int) string { return text[max(0, at-100):min(len(text), at+200)] }

package redis

import (
	"strings"
	"testing"

	"magent/internal/testkit"
)

// A step is a line of testdata/*.txt: a command, whose words may be quoted as Go quotes strings. A mark in front of it
// tells how replies may differ: "~" in the order of an array's elements, "?" in everything except the kind of reply.
// "#" begins a comment.
type step struct {
	testkit.Step
	mark byte // '~', '?' or 0
	args []string
}

// script is a file of steps, which are carried out on one connection, without stored keys at the beginning.
type script struct {
	name  string
	steps []step
}

// scripts returns all scripts of testdata.
func scripts(t *testing.T) (all []script) {
	t.Helper()
	for _, c := range testkit.Conversations(t, "*.txt") {
		s := script{name: c.Name}
		for _, line := range c.Steps {
			s.steps = append(s.steps, parseStep(t, line))
		}
		all = append(all, s)
	}
	return all
}

func parseStep(t *testing.T, line testkit.Step) step {
	t.Helper()
	st, words := step{Step: line}, line.Line
	if strings.HasPrefix(words, "~ ") || strings.HasPrefix(words, "? ") {
		st.mark, words = words[0], words[2:]
	}
	st.args = testkit.Words(t, words)
	return st
}

// normal returns the part of a reply that must be the same everywhere.
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

// bytes returns all commands of a script.
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

// compare reports which replies differ.
func (s *script) compare(t *testing.T, want, got []string) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		st := &s.steps[i]
		st.Compare(t, "magent", st.normal(got[i]), "redis", st.normal(want[i]))
	}
}

package session

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"magent/internal/call"
	"magent/internal/loop"
)

// Each rule that stands at a field is seen to be broken.
func TestBrokenRules(t *testing.T) {
	c := &call.Call{}
	fits := []*Session{
		{},
		{first: c, last: c, pending: 1, barrier: c},
		{phase: closing, reading: paused, long: &longGet{keys: []byte{}}},
		{phase: lingering, linger: &loop.Timer{}},
		{phase: failed, linger: &loop.Timer{}},
		{phase: closed, pending: 1},
		{first: c, last: c, long: &longGet{pieces: 1}},
	}
	for _, s := range fits {
		if rule := s.brokenRule(); rule != "" {
			t.Errorf("phase %d: %s", s.phase, rule)
		}
	}
	for part, s := range map[string]*Session{
		"is closed":                 {phase: closed, first: c, last: c},
		"only one end":              {first: c},
		"waits for a call":          {barrier: c},
		"something is counted":      {held: 1},
		"fewer than none":           {first: c, last: c, values: -1},
		"pieces of a multi-get are": {long: &longGet{pieces: 1}},
		"that is answered":          {long: &longGet{}},
		"without a time limit":      {phase: lingering},
		"does not linger":           {phase: closing, linger: &loop.Timer{}},
		"and requests wait":         {phase: lingering, linger: &loop.Timer{}, reading: paused},
		"calls are in its line":     {phase: lingering, linger: &loop.Timer{}, first: c, last: c},
		"nothing more is served":    {phase: closing, reading: paused},
		"longer than its turn":      {place: first},
		"kept is counted wrongly":   {kept: 1},
	} {
		if rule := s.brokenRule(); !strings.Contains(rule, part) {
			t.Errorf("the rule %q: %q", part, rule)
		}
	}
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Discard()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[1])
	s := &Session{peer: gone}
	if err := s.s.Open(l, fds[0], 0, s); err != nil {
		t.Fatal(err)
	}
	s.s.Write([]byte("x"))
	if rule := s.brokenRule(); !strings.Contains(rule, "has gone, and replies wait") {
		t.Errorf("a reply to a client that has gone: %q", rule)
	}
}

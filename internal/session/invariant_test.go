package session

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"magent/internal/call"
	"magent/internal/lifecycle"
	"magent/internal/loop"
)

// Each rule that stands at a field is seen to be broken.
func TestBrokenRules(t *testing.T) {
	c := &call.Call{}
	fits := []*Session{
		{},
		{first: c, last: c, pending: 1, barrier: c},
		{phase: lifecycle.Closing, reading: lifecycle.Paused, long: &longGet{keys: []byte{}}},
		{phase: lifecycle.Lingering, linger: &loop.Timer{}},
		{phase: lifecycle.Failed, linger: &loop.Timer{}},
		{phase: lifecycle.Closed, pending: 1},
		{first: c, last: c, long: &longGet{pieces: 1}},
	}
	for _, s := range fits {
		if rule := s.brokenRule(); rule != "" {
			t.Errorf("phase %d: %s", s.phase, rule)
		}
	}
	for part, s := range map[string]*Session{
		"is closed":                 {phase: lifecycle.Closed, first: c, last: c},
		"only one end":              {first: c},
		"waits for a call":          {barrier: c},
		"something is counted":      {held: 1},
		"fewer than none":           {first: c, last: c, values: -1},
		"pieces of a multi-get are": {long: &longGet{pieces: 1}},
		"that is answered":          {long: &longGet{}},
		"without a time limit":      {phase: lifecycle.Lingering},
		"does not linger":           {phase: lifecycle.Closing, linger: &loop.Timer{}},
		"and requests wait":         {phase: lifecycle.Lingering, linger: &loop.Timer{}, reading: lifecycle.Paused},
		"calls are in its line":     {phase: lifecycle.Lingering, linger: &loop.Timer{}, first: c, last: c},
		"nothing more is served":    {phase: lifecycle.Closing, reading: lifecycle.Paused},
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
	s := &Session{peer: lifecycle.Gone}
	if err := s.s.Open(l, fds[0], 0, s); err != nil {
		t.Fatal(err)
	}
	s.s.Write([]byte("x"))
	if rule := s.brokenRule(); !strings.Contains(rule, "has gone, and replies wait") {
		t.Errorf("a reply to a client that has gone: %q", rule)
	}
}

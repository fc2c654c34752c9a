package session

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"magent/ascii"
	"magent/internal/call"
	"magent/internal/lifecycle"
	"magent/internal/loop"
	"magent/internal/pieces"
)

// Each rule that stands at a field is seen to be broken.
func TestBrokenRules(t *testing.T) {
	c := &call.Call{}
	lingers := &extra{linger: &loop.Timer{}}
	asks, waits := &pieces.Get{}, &pieces.Get{}
	asks.Begin(&ascii.Request{Keys: []byte("a b")})
	waits.Begin(&ascii.Request{Op: ascii.OpGet, Keys: []byte("a")})
	waits.Next(1)
	fits := []*Session{
		{},
		{first: c, last: c, pending: 1, barrier: c},
		{phase: lifecycle.Closing, reading: lifecycle.Paused, more: &extra{long: asks}},
		{phase: lifecycle.Lingering, more: lingers},
		{phase: lifecycle.Failed, more: lingers},
		{phase: lifecycle.Closed, pending: 1},
		{first: c, last: c, more: &extra{long: waits}},
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
		"pieces of a multi-get are": {more: &extra{long: waits}},
		"that is answered":          {more: &extra{long: &pieces.Get{}}},
		"without a time limit":      {phase: lifecycle.Lingering},
		"does not linger":           {phase: lifecycle.Closing, more: lingers},
		"and requests wait":         {phase: lifecycle.Lingering, more: lingers, reading: lifecycle.Paused},
		"calls are in its line":     {phase: lifecycle.Lingering, more: lingers, first: c, last: c},
		"nothing more is served":    {phase: lifecycle.Closing, reading: lifecycle.Paused},
		"longer than its turn":      {place: first},
		"kept is counted wrongly":   {partial: &partial{kept: 1}},
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

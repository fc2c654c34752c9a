package hello

import (
	"errors"
	"strings"
	"testing"
)

// converse has a Talk with a server that answers each write with the next one of said, in pieces of that many bytes.
// It returns what was written, and the last step.
func converse(t *testing.T, talk *Talk, opt Options, pieces int, said ...string) (wrote string, last Step) {
	t.Helper()
	last = talk.Begin(opt, false)
	for {
		wrote += string(last.Write)
		if len(said) == 0 {
			t.Fatalf("nothing is left to be said after %q", wrote)
		}
		left, kept := said[0], ""
		said = said[1:]
		for len(left) > 0 {
			n := min(pieces, len(left))
			last = talk.Take([]byte(kept+left[:n]), nil)
			kept, left = string(last.Keep), left[n:]
			if last.Err != nil || last.Done {
				return wrote, last
			}
		}
	}
}

// TestTalk: what is written, and whether it comes to an end, does not depend on the pieces in which answers arrive.
func TestTalk(t *testing.T) {
	password := func() []byte { return []byte("set auth 0 0 3\r\na b\r\n") }
	for _, c := range []struct {
		name  string
		opt   Options
		said  []string
		wrote string // its end
		err   error
		meta  MetaForm
	}{
		{
			"identity, then the full form",
			Options{Greet: true},
			[]string{"STAT pid 7\r\nEND\r\n", "NF\r\nVERSION 1.6.18\r\n"},
			FullMeta.Question(), nil, FullMeta,
		},
		{
			"the old form",
			Options{Knock: true},
			[]string{"VERSION 1.6.9\r\n", "ERROR\r\nERROR\r\nVERSION 1.6.9\r\n", "NF \r\nVERSION 1.6.9\r\n"},
			OldMeta.Question(), nil, OldMeta,
		},
		{
			"a password that is refused",
			Options{Knock: true, Password: password},
			[]string{"CLIENT_ERROR unauthenticated\r\n"},
			"a b\r\n", ErrPassword, NoMeta,
		},
		{
			"a Redis",
			Options{Redis: &Login{DB: 1}},
			[]string{"+OK\r\n+PONG\r\n$-1\r\n+OK\r\n+OK\r\n"},
			"DISCARD\r\n", nil, NoMeta,
		},
		{
			"an old Redis",
			Options{Redis: &Login{Proto: 3}},
			[]string{"-ERR unknown command\r\n"},
			"DISCARD\r\n", ErrOldProto, NoMeta,
		},
	} {
		for _, pieces := range []int{1, 5, 1000} {
			var talk Talk
			wrote, last := converse(t, &talk, c.opt, pieces, c.said...)
			if !strings.HasSuffix(wrote, c.wrote) || !errors.Is(last.Err, c.err) || last.Done != (c.err == nil) ||
				talk.Meta != c.meta {
				t.Errorf("%s, in pieces of %d: wrote %q, %+v, form %v", c.name, pieces, wrote, last, talk.Meta)
			}
		}
	}
}

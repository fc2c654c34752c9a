package pieces

import (
	"slices"
	"strings"
	"testing"

	"magent/ascii"
	"magent/internal/call"
	"magent/replicate/decide"
)

// All keys are asked for once, in their order, and each request ends as one does.
func TestPiecesOfAGet(t *testing.T) {
	keys := strings.Fields("a b c d e f g")
	for most := 1; most <= len(keys)+1; most++ {
		g := &Get{}
		g.Begin(&ascii.Request{Op: ascii.OpGat, Exptime: 9, Keys: []byte(strings.Join(keys, " "))})
		var asked []string
		for n := 1; g.Asks(); n++ {
			line, part := g.Next(most)
			rest, ok := strings.CutPrefix(string(line), "gat 9 ")
			of := strings.Fields(rest)
			if asked = append(asked, of...); !ok || len(of) > most || !strings.HasSuffix(rest, "\r\n") {
				t.Errorf("at most %d keys: %q", most, line)
			}
			if last := part == call.Last; last == g.Asks() || last != (len(asked) == len(keys)) {
				t.Errorf("at most %d keys: the piece %q is the last: %v", most, line, last)
			}
			if g.Pending() != n || g.Ended() {
				t.Errorf("%d pieces are pending, want %d; it has ended: %v", g.Pending(), n, g.Ended())
			}
		}
		if !slices.Equal(asked, keys) {
			t.Errorf("at most %d keys: asked for %q", most, asked)
		}
	}
}

// The second piece waits for the size of the first, and others for the replies that are due.
func TestPiecesWait(t *testing.T) {
	const limit = 100
	g, c := &Get{}, &call.Call{Part: call.Piece}
	full := func(want bool) {
		t.Helper()
		if g.Full(limit) != want {
			t.Errorf("%d pieces are pending, and it is full: %v", g.Pending(), !want)
		}
	}
	g.Begin(&ascii.Request{Op: ascii.OpGet, Keys: []byte("a b c d e f")})
	full(false)
	g.Next(1)
	full(true)
	if what := g.Answered(c, make([]byte, 40), true); what != decide.ShowValues {
		t.Errorf("of the first piece the client is shown %v", what)
	}
	full(false)
	g.Next(1)
	g.Next(1)
	full(false) // 80 bytes are due
	g.Next(1)
	full(true)
	g.Drop()
	for range 3 {
		if g.Ended() {
			t.Errorf("it has ended, and %d pieces are pending", g.Pending())
		}
		g.Answered(c, nil, true)
	}
	if !g.Ended() || !(*Get)(nil).Ended() || (*Get)(nil).Full(limit) {
		t.Error("nothing is left, and it has not ended")
	}
}

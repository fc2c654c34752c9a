package behaviour

import (
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// packet holds a command of each kind, leaves nothing behind, and gets the same replies however often it is sent.
const packet = "delete q\r\nset q 3 0 5\r\na\r\nbc\r\nadd q 0 0 1\r\nx\r\nget q nokey q\r\nappend q 0 0 2 " +
	"noreply\r\nyz\r\ngat 1000 q\r\n" +
	"set q 0 0 2\r\n41\r\nincr q 1\r\ndecr q 50\r\ntouch q 0\r\ncas q 0 0 1 1\r\nx\r\nset q x 0 1\r\nset q 0 0 " +
	"2\r\nabcdef\r\n\r\nbogus\r\n" +
	"ms q 3 k O77 T100\r\nend\r\nmg q v k f\r\nmg nokey v q\r\nma q\r\nms YSBiAQ== 2 b q\r\nhi\r\nmd YSBiAQ== b " +
	"k\r\nmd q q\r\nmn\r\n" +
	"delete q noreply\r\nverbosity 1\r\nversion\r\nget q\n"

// TestEverySplit cuts the packet in two, at every byte.
func TestEverySplit(t *testing.T) {
	for _, to := range startTargets(t).all() {
		t.Run(to.name, func(t *testing.T) {
			want := hold(t, to, generated("in one piece", packet))[0]
			c, turn := harness.Dial(t, to.addr), harness.Dial(t, to.addr)
			for cut := 1; cut < len(packet); cut++ {
				if got := inPieces(t, c, turn, packet[:cut], packet[cut:]); got != want {
					at := testkit.Difference(got, want)
					t.Fatalf("cut behind %q, byte %d of the reply:\ngot  %q\nwant %q", last(packet[:cut], 40), at,
						testkit.Excerpt(got, at), testkit.Excerpt(want, at))
				}
			}
		})
	}
}

// TestByteByByte sends each byte on its own.
func TestByteByByte(t *testing.T) {
	for _, to := range startTargets(t).all() {
		t.Run(to.name, func(t *testing.T) {
			want := hold(t, to, generated("in one piece", packet))[0]
			pieces := make([]string, len(packet))
			for i := range packet {
				pieces[i] = packet[i : i+1]
			}
			c, turn := harness.Dial(t, to.addr), harness.Dial(t, to.addr)
			if got := inPieces(t, c, turn, pieces...); got != want {
				at := testkit.Difference(got, want)
				t.Errorf("byte %d of the reply:\ngot  %q\nwant %q", at, testkit.Excerpt(got, at),
					testkit.Excerpt(want, at))
			}
		})
	}
}

// inPieces sends pieces so that each is read separately, by a round trip on another connection in between.
// That only makes the split likely (with several loops the other connection may be served elsewhere). The
// result is the same either way.
func inPieces(t *testing.T, c, turn *harness.Client, pieces ...string) string {
	t.Helper()
	for _, piece := range pieces {
		c.Send(piece)
		turn.Want("mn\r\n", "MN\r\n")
	}
	c.Send(sentinel)
	got, err := readTo(c, sentinelReply, testkit.Patience)
	if err != nil {
		t.Fatal(err)
	}
	return normalise(got, &tokens{})
}

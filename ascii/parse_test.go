package ascii

import (
	"fmt"
	"strings"
	"testing"
)

var testLimits = Limits{MaxLine: 64 << 10, MaxValue: 1 << 20}

var (
	key250 = strings.Repeat("k", 250)
	key251 = strings.Repeat("k", 251)
)

// TestRefused has the answers that memcached 1.6.18 gave to the same bytes, except where a comment says why it
// differs. after is what is left of the input for the next command.
func TestRefused(t *testing.T) {
	const (
		errLine    = "ERROR\r\n"
		badLine    = "CLIENT_ERROR bad command line format\r\n"
		badDelete  = "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n"
		badExptime = "CLIENT_ERROR invalid exptime argument\r\n"
		badDelta   = "CLIENT_ERROR invalid numeric delta argument\r\n"
		badKey     = "CLIENT_ERROR error decoding key\r\n"
		dupFlag    = "CLIENT_ERROR duplicate flag\r\n"
		badToken   = "CLIENT_ERROR bad token in command line format\r\n"
		badFlag    = "CLIENT_ERROR invalid flag\r\n"
		badOrDup   = "CLIENT_ERROR invalid or duplicate flag\r\n"
		silent     = ""
	)
	for _, tt := range []struct{ in, reply, after string }{
		{"\r\n", errLine, ""},
		{"\n", errLine, ""},
		{" \r\n", errLine, ""},
		{"x\r\n", errLine, ""},
		{"xx noreply\r\n", errLine, ""},
		{"xx\t\r\n", errLine, ""},
		{"a HTTP/\r\n", errLine, ""},
		{"xx HTTP/1 y\r\n", errLine, ""},
		{"shutdown\r\n", errLine, ""}, // memcached: ERROR: shutdown not enabled
		{"bget k\r\n", errLine, ""},   // memcached: an undocumented get

		{"get\r\n", errLine, ""},
		{"get \r\n", errLine, ""},
		{"gets\r\n", errLine, ""},
		{"getx k\r\n", errLine, ""},
		{"get " + key251 + "\r\n", badLine, ""},
		{"get a " + key251 + " b\r\n", badLine, ""},
		{"gat\r\n", errLine, ""},
		{"gat 10\r\n", "END\r\n", ""},
		{"gats 10 \r\n", "END\r\n", ""},
		{"gat x\r\n", badExptime, ""},
		{"gat x k\r\n", badExptime, ""},
		{"gat 0 " + key251 + "\r\n", badLine, ""},
		{"gat x " + key251 + "\r\n", badExptime, ""},

		{"delete\r\n", errLine, ""},
		{"delete k 1\r\n", badDelete, ""},
		{"delete k 1 noreply\r\n", silent, ""},
		{"delete k 0 0\r\n", badDelete, ""},
		{"delete k 0 noreply x\r\n", errLine, ""},
		{"delete " + key251 + "\r\n", badLine, ""},
		{"delete " + key251 + " 7\r\n", badDelete, ""},
		{"delete " + key251 + " noreply\r\n", silent, ""},
		{"incr\r\n", errLine, ""},
		{"incr k\r\n", errLine, ""},
		{"incr n x\r\n", badDelta, ""},
		{"incr n -1\r\n", badDelta, ""},
		{"incr n 18446744073709551616\r\n", badDelta, ""},
		{"incr n x noreply\r\n", silent, ""},
		{"incr n noreply\r\n", silent, ""},
		{"incr n 1 2 3\r\n", errLine, ""},
		{"decr " + key251 + " x\r\n", badLine, ""},
		{"touch\r\n", errLine, ""},
		{"touch k\r\n", errLine, ""},
		{"touch k x\r\n", badExptime, ""},
		{"touch k noreply\r\n", silent, ""},
		{"touch k x noreply\r\n", silent, ""},
		{"touch k 1 2 3\r\n", errLine, ""},
		{"touch " + key251 + " x\r\n", badLine, ""},
		{"flush_all x\r\n", badExptime, ""},
		{"flush_all noreply noreply\r\n", silent, ""},
		{"flush_all noreply x\r\n", badExptime, ""},
		{"flush_all 1 2 3\r\n", errLine, ""},
		{"verbosity\r\n", errLine, ""},
		{"verbosity x\r\n", badLine, ""},
		{"verbosity -1\r\n", badLine, ""},
		{"verbosity noreply\r\n", silent, ""},
		{"verbosity 0 0 0\r\n", errLine, ""},

		{"mg\r\n", errLine, ""},
		{"mx k\r\n", errLine, ""},
		{"mg " + key251 + "\r\n", badLine, ""},
		{"mg k q q\r\n", dupFlag, ""},
		{"mg k q qx\r\n", dupFlag, ""},
		{"mg x ! q q\r\n", badFlag, ""},
		{"mg k 5\r\n", badFlag, ""},
		{"mg k \x80\r\n", dupFlag, ""},
		{"mg k c f h k l O s t u v E1 N1 R1 T1 C1 q L P\r\n", "CLIENT_ERROR options flags are too long\r\n", ""},
		{"mg Zm9 b\r\n", badKey, ""},
		{"mg Zm9vx b\r\n", badKey, ""},
		{"mg Zm9v! b\r\n", badKey, ""}, // memcached: foo
		{"mg ==== b\r\n", badKey, ""},
		{"mg Z=== b\r\n", badKey, ""},
		{"md\r\n", errLine, ""},
		{"md " + key251 + " q\r\n", badLine, ""},
		{"md k q q\r\n", badOrDup, ""},
		{"md k !\r\n", badOrDup, ""},
		{"md Zm9 b\r\n", badOrDup, ""},
		{"ma\r\n", errLine, ""},
		{"ma k ! q\r\n", badOrDup, ""},
		{"ma Zm9 b\r\n", badOrDup, ""},
		{"me\r\n", badLine, ""},
		{"me " + key251 + "\r\n", badLine, ""},
		{"me Zm9 b\r\n", badLine, ""},

		// memcached accepts control bytes.
		{"get k\t\r\n", badLine, ""},
		{"get \x7f\r\n", badLine, ""},
		{"get a\rb\r\n", badLine, ""},
		{"get k\x00\r\n", badLine, ""},
		{"delete k\t noreply\r\n", silent, ""},
		{"version x\x01\r\n", badLine, ""},
		{"mg k O\x01 q\r\n", badLine, ""},

		// memcached checks the arguments of numeric flags only.
		{"mg k vv\r\n", badToken, ""},
		{"mg k T\r\n", badToken, ""},
		{"mg k Tx\r\n", badToken, ""},
		{"mg k N1a\r\n", badToken, ""},
		{"mg k R+\r\n", badToken, ""},
		{"mg k C-1\r\n", badToken, ""},
		{"mg k C18446744073709551616\r\n", badToken, ""},
		{"mg k O" + key250[:32] + "\r\n", "CLIENT_ERROR opaque token too long\r\n", ""},
		{"mg k I\r\n", badFlag, ""}, // not a flag of mg; memcached accepts and ignores it
		{"md k v\r\n", badOrDup, ""},
		{"md k T\r\n", badOrDup, ""},
		{"ma k D\r\n", badOrDup, ""},
		{"ma k MX\r\n", "CLIENT_ERROR invalid mode for ma M token\r\n", ""},
		{"ma k Mincr\r\n", badOrDup, ""},

		// memcached may print these keys with their line feed.
		{"mg Zm8K b k\r\n", "CLIENT_ERROR key with a line feed cannot be echoed\r\n", ""},
		{"me Zm8K b\r\n", "CLIENT_ERROR key with a line feed cannot be echoed\r\n", ""},
	} {
		t.Run(name(tt.in), func(t *testing.T) {
			var r Request
			n, st := Next([]byte(tt.in), testLimits, &r)
			if st != Refused || string(r.Reply) != tt.reply {
				t.Fatalf("got %v %q, want Refused %q", st, r.Reply, tt.reply)
			}
			if after := tt.in[n:]; after != tt.after || r.Skip.Pending() {
				t.Errorf("left %q, want %q (n %d, %+v)", after, tt.after, n, r.Skip)
			}
			if hasControl(r.Key) && !r.Meta.Has('b') {
				t.Errorf("key %q", r.Key)
			}
		})
	}
}

func TestOversize(t *testing.T) {
	lim := Limits{MaxLine: 100, MaxValue: 5}
	for _, in := range []string{"set key 0 0 6\r\n", "cas key 0 0 6 1\r\n", "ms key 6\r\n", "ms a2V5 6 b\r\n"} {
		var r Request
		n, st := Next([]byte(in), lim, &r)
		if n != len(in) || st != Refused || !r.Oversize || r.Skip.Bytes != 6 || string(r.Key) != "key" {
			t.Errorf("%q: n %d, %v, oversize %v, %+v, key %q", in, n, st, r.Oversize, r.Skip, r.Key)
		}
	}
	var r Request
	if _, st := Next([]byte("set key 0 0 5\r\n12345\r\n"), lim, &r); st != Complete || r.Oversize {
		t.Errorf("value of MaxValue bytes: %v", st)
	}
}

func TestFatalAndTooLong(t *testing.T) {
	const tooLong = "CLIENT_ERROR line too long\r\n"
	spaces := strings.Repeat(" ", 2048)
	for _, tt := range []struct {
		in      string
		maxLine int
		st      Status
		reply   string
	}{
		{"\x80", 100, Fatal, ""},
		{"\x80\r\n", 100, Fatal, ""},
		{"GET / HTTP/1.1\r\n", 100, Fatal, ""},
		{"xx HTTP/\r\n", 100, Fatal, ""},
		{"HTTP/1.1 \r\n", 100, Fatal, ""},
		{"get 12345", 10, Incomplete, ""},
		{"get 123456", 10, Refused, tooLong},
		{"gets 12345 67\r\nget a\r\n", 10, Refused, tooLong},
		{"  get 1234567", 10, Refused, tooLong},
		{"set 123456", 10, Fatal, tooLong},
		{"mg 1234567", 10, Fatal, tooLong},
		{"gets123456 7", 10, Fatal, tooLong},
		{"get 1234\r\n?", 10, Complete, ""},
		{"get 12345\r\n", 10, Refused, tooLong},
		{"delete k" + spaces[10:] + "\r\n", 4096, Complete, ""},
		{"delete k" + spaces[9:] + "\r\n", 4096, Fatal, tooLong},
		{"set k 0 0 1" + spaces + "\r\nA\r\n", 4096, Fatal, tooLong},
		{"foo" + spaces + "\r\n", 4096, Fatal, tooLong},
		{"get a" + spaces + "\r\n", 4096, Complete, ""},
		{"gats 0 a" + spaces + "\r\n", 4096, Complete, ""},
	} {
		var r Request
		n, st := Next([]byte(tt.in), Limits{MaxLine: tt.maxLine}, &r)
		if st != tt.st || string(r.Reply) != tt.reply || st == Fatal && n != 0 ||
			st == Refused && (n != tt.maxLine || r.Skip != Skip{Line: true, LF: true}) {
			t.Errorf("%s: n %d, %v, %q, want %v, %q", name(tt.in), n, st, r.Reply, tt.st, tt.reply)
		}
	}
}

func TestIncomplete(t *testing.T) {
	for _, tt := range []struct {
		in   string
		need int
	}{
		{"", 0},
		{"g", 0},
		{"get k\r", 0},
		{"set k 0 0 10", 0},
		{"set k 0 0 10\r\n", 26},
		{"set k 0 0 10\r\n1234567890\r", 26},
		{"set k 0 0 0 noreply\n", 22},
		{"ms k 2 q\r\nab", 14},
	} {
		var r Request
		n, st := Next([]byte(tt.in), testLimits, &r)
		if n != 0 || st != Incomplete || r.Need != tt.need {
			t.Errorf("%q: n %d, %v, need %d, want need %d", tt.in, n, st, r.Need, tt.need)
		}
	}
}

// TestIncompleteValue checks that the line tells whose value it is, and whether a reply is wanted,
// before the value has arrived.
func TestIncompleteValue(t *testing.T) {
	for _, tt := range []struct {
		in    string
		op    Op
		key   string
		quiet bool
		meta  MetaFlags
	}{
		{"set k 0 0 10\r\n", OpSet, "k", false, 0},
		{"set k 0 0 10 noreply\r\n123", OpSet, "k", true, 0},
		{"cas k 0 0 10 5 noreply\r\n", OpCAS, "k", true, 0},
		{"ms a2V5 10 b q\r\n", OpMetaSet, "key", true, metaFlag('b') | metaFlag('q')},
		{"ms key 10\r\n", OpMetaSet, "key", false, 0},
	} {
		var r Request
		if _, st := Next([]byte(tt.in), testLimits, &r); st != Incomplete || r.Need == 0 {
			t.Errorf("%q: %v, need %d", tt.in, st, r.Need)
		}
		if r.Op != tt.op || string(r.Key) != tt.key || r.Quiet != tt.quiet || r.Meta != tt.meta {
			t.Errorf("%q: op %d, key %q, quiet %v, meta %x", tt.in, r.Op, r.Key, r.Quiet, r.Meta)
		}
	}
}

// name makes a readable test name from an input.
func name(in string) string {
	if len(in) > 40 {
		return fmt.Sprintf("%q...%d", in[:20], len(in))
	}
	return fmt.Sprintf("%q", in)
}

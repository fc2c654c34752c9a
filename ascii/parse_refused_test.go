package ascii

import (
	"strconv"
	"strings"
	"testing"
)

// TestRefusedValues checks that the value of a refused storage command is discarded if the line gives its length,
// and that otherwise the connection is closed. The error lines are those of memcached 1.6.18. after is what is
// left for the next command.
func TestRefusedValues(t *testing.T) {
	const (
		errLine  = "ERROR\r\n"
		badLine  = "CLIENT_ERROR bad command line format\r\n"
		badChunk = "CLIENT_ERROR bad data chunk\r\n"
		tooLarge = "SERVER_ERROR object too large for cache\r\n"
		badKey   = "CLIENT_ERROR error decoding key\r\n"
		dupFlag  = "CLIENT_ERROR duplicate flag\r\n"
		badFlag  = "CLIENT_ERROR invalid flag\r\n"
		badToken = "CLIENT_ERROR bad token in command line format\r\n"
		silent   = ""

		evil   = "flush_all\r\n" // a value of nine bytes, with its line end
		next   = "mn\r\n"
		closed = "(closed)"
	)
	for _, tt := range []struct{ in, reply, after string }{
		{"set\r\n", errLine, closed},
		{"set k\r\n" + evil, errLine, closed},
		{"set k 0 0\r\n" + evil, errLine, closed},
		{"set k 0 9\r\n" + evil, errLine, closed}, // 9 may be the exptime
		{"set k 0 0 1 2 3\r\n" + evil, errLine, closed},
		{"set k 0 0 9 x y\r\n" + evil + next, errLine, next},
		{"set k 0 0 9 x noreply\r\n" + evil + next, errLine, next},
		{"set my key 0 0 9\r\n" + evil + next, badLine, next},
		{"set my long key 0 0 9 noreply\r\n" + evil + next, errLine, next},
		{"set key 7 0 0 9\r\n" + evil, badLine, closed}, // is it "key 7"?
		{"set key 7 0 0 9 noreply\r\n" + evil, errLine, closed},
		{"set key 7 8 0 0 9\r\n" + evil, errLine, closed},
		{"set k a 0 9\r\n" + evil + next, badLine, next},
		{"set k 0 a 9\r\n" + evil + next, badLine, next},
		{"set k a a 9\r\n" + evil + next, badLine, next},
		{"set k a 0 9 x\r\n" + evil, badLine, closed},
		{"set k a 0 9 noreply\r\n" + evil + next, silent, next},
		{"set k -1 0 9\r\n" + evil + next, badLine, next},
		{"set k 4294967296 0 9\r\n" + evil + next, badLine, next}, // some versions of memcached accept them
		{"set k 18446744073709551616 0 9\r\n" + evil + next, badLine, next},
		{"set k 0 9999999999999999999 9\r\n" + evil + next, badLine, next},
		{"set k 0 -9999999999999999999 9\r\n" + evil + next, badLine, next},
		{"set k 0 0 a\r\n" + evil, badLine, closed},
		{"set k 0 0 9a\r\n" + evil, badLine, closed},
		{"set k 0 0 9.0\r\n" + evil, badLine, closed},
		{"set k 0 0 0x9\r\n" + evil, badLine, closed},
		{"set k 0 0 -1\r\n" + evil, badLine, closed},
		{"set k 0 0 -1 noreply\r\n" + evil, silent, closed},
		{"set k 0 0 -9\r\n" + evil, badLine, closed},
		{"set k 0 0 +\r\n" + evil, badLine, closed},
		{"set k 0 0 -18446744073709551615\r\n" + evil, badLine, closed}, // memcached: 1
		{"set k 0 0 18446744073709551625\r\n" + evil, badLine, closed},  // memcached: 9
		{"set k 0 0 99999999999999999999\r\n" + evil, badLine, closed},
		{"set k 0 0 4294967305\r\n" + evil + next, badLine, ""}, // memcached: 9
		{"set k 0 0 2147483646\r\n" + evil, badLine, ""},
		{"set k 0 0 9223372036854775807\r\n" + evil, badLine, ""},
		{"set " + key251 + " 0 0 9\r\n" + evil + next, badLine, next},
		{"set " + key251 + " 0 0 9 noreply\r\n" + evil + next, silent, next},
		{"set " + key251 + " 0 0 4294967305\r\n" + evil + next, badLine, ""},
		{" set " + key251 + "  0 0 +0009 \n" + evil + next, badLine, next},
		{"cas k 0 0 9\r\n" + evil + next, errLine, next},
		{"cas k 0 0 9 noreply\r\n" + evil + next, silent, next},
		{"cas k 0 0 9 x\r\n" + evil + next, badLine, next},
		{"cas k 0 0 9 -1\r\n" + evil + next, badLine, next},
		{"cas k 0 0 9 18446744073709551616\r\n" + evil + next, badLine, next},
		{"cas k 0 0 9 1 2\r\n" + evil, badLine, closed},
		{"cas k 0 0 9 1 2 3\r\n" + evil, errLine, closed},
		{"cas my key 0 0 9 1\r\n" + evil + next, badLine, next},

		// Words that are not commands, but look like one.
		{"SET k 0 0 9\r\n" + evil + next, errLine, next},
		{"Prepend k 0 0 9\r\n" + evil + next, errLine, next},
		{"SET k 0 0\r\n" + evil, errLine, closed},
		{"\tset k 0 0 9\r\n" + evil + next, errLine, next},
		{"set\tk\t0\t0\t9\r\n" + evil, errLine, closed},
		{"set, k 0 0 9\r\n" + evil + next, errLine, next},
		{"MS k 9\r\n" + evil + next, errLine, next},
		{"sett k 0 0 9\r\n" + evil + next, errLine, next},
		{"qset k 0 0 9 noreply\r\n" + evil + next, errLine, next},
		{"GET 1 2 3 4\r\n" + next, errLine, next},
		{"lru tune 10 25 0.1 2.0\r\n" + next, errLine, next},

		{"ms\r\n", errLine, closed},
		{"ms k\r\n" + evil, badLine, closed},
		{"ms k S9\r\n" + evil, badLine, closed}, // as in memcached 1.6.0
		{"ms k -1\r\n" + evil, badLine, closed},
		{"ms k x q\r\n" + evil, badLine, closed},
		{"ms my key 9\r\n" + evil, badLine, closed},
		{"ms my 7 9\r\n" + evil, badFlag, closed},
		{"ms k 2147483646\r\n" + evil, badLine, ""},
		{"ms k 4294967305\r\n" + evil + next, badLine, ""},
		{"ms " + key251 + " 9\r\n" + evil + next, badLine, next},
		{"ms " + key251 + " 9 q\r\n" + evil + next, badLine, next},
		{"ms k 9 q q\r\n" + evil + next, dupFlag, next},
		{"ms k 9 ! q\r\n" + evil + next, badFlag, next},
		{"ms k 9 v\r\n" + evil + next, badFlag, next}, // of mg
		{"ms k 9 \x80\r\n" + evil + next, dupFlag, next},
		{"ms k 9 T\r\n" + evil + next, badToken, next},
		{"ms k 9 Tx q\r\n" + evil + next, badToken, next},
		{"ms k 9 C-1\r\n" + evil + next, badToken, next},
		{"ms k 9 kk\r\n" + evil + next, badToken, next},
		{"ms k 9 F4294967296\r\n" + evil + next, badLine, next},
		{"ms k 9 MX\r\n" + evil + next, "CLIENT_ERROR invalid mode for ms M token\r\n", next},
		{"ms k 9 M\r\n" + evil + next, "CLIENT_ERROR incorrect length for M token\r\n", next},
		{"ms k 9 MSS\r\n" + evil + next, "CLIENT_ERROR incorrect length for M token\r\n", next},
		{"ms k 9 O" + key250[:32] + "\r\n" + evil + next, "CLIENT_ERROR opaque token too long\r\n", next},
		{"ms Zm9 9 b\r\n" + evil + next, badKey, next},
		{"ms k 9" + strings.Repeat(" P", 17) + "\r\n" + evil + next, dupFlag, next},
		{"ms k 9 b c C1 F1 I k O q s T1 MS N1 P L x! y! z!\r\n" + evil + next, badFlag, next},

		// Values that do not end where the line says.
		{"set k 0 0 1\r\nAxx", badChunk, ""},
		{"set k 0 0 1\r\nA\nx", badChunk, ""},
		{"set k 0 0 1\r\nAx\n", badChunk, ""},
		{"set k 0 0 1\r\nA\r\r\n" + next, badChunk, next},
		{"set k 0 0 3\r\nabcXX flush_all\r\n" + next, badChunk, next},
		{"set k 0 0 3\r\nabcX\nflush_all\n\r\n" + next, badChunk, next},
		{"set k 0 0 3\r\nabc\nflush_all\r\n" + next, badChunk, next},
		{"set k 0 0 3\nabc\nmn\n", badChunk, "mn\n"}, // a client that ends its lines with LF
		{"set k 0 0 3\nabcXX\nmn\n", badChunk, "mn\n"},
		{"set k 0 0 1 noreply\r\nAxx\r\n" + next, silent, next},
		{"ms k 1 q\r\nAxx\r\n" + next, badChunk, next},
		{"set k 0 0 2000000\r\nxx", tooLarge, ""},
		{"set k 0 0 2000000\r\n" + strings.Repeat("x", 2000000) + "\r\n" + next, tooLarge, next},
		{"set k 0 0 2000000\r\n" + strings.Repeat("x", 2000000) + "flush_all\r\n" + next, tooLarge, next},
		{"set k 0 0 2000000 noreply\r\nxx", silent, ""},
		{"add k 0 0 2147483645\r\n", tooLarge, ""},
		{"ms k 2000000 q\r\nxx", tooLarge, ""},

		// Control bytes, which memcached accepts.
		{"set k\tx 0 0 9\r\n" + evil + next, badLine, next},
		{"set k\tx 0 0 9 noreply\r\n" + evil + next, silent, next},
		{"set k\tx 0 0 9\r\nfl", badLine, ""},
		{"set k\tx 0 0 2000000\r\n", badLine, ""},
		{"set k\t0 0 9\r\n" + evil, errLine, closed},
		{"set k\n", errLine, closed}, // of a key with a line feed
		{"set k 0 0 9\t\r\n" + evil, badLine, closed},
		{"set k 0 0 \t9\r\n" + evil, badLine, closed},
		{"set k 0 0 9\r\r\n" + evil, badLine, closed},
		{"set k 0 0 9\x00junk\r\n" + evil, badLine, closed},
		{"ms k\x01 9 q\r\n" + evil + next, badLine, next},
		{"ms k 9 O\x01 q\r\n" + evil + next, badLine, next},
	} {
		t.Run(name(tt.in), func(t *testing.T) {
			var r Request
			n, st := Next([]byte(tt.in), testLimits, &r)
			if string(r.Reply) != tt.reply {
				t.Errorf("reply %q, want %q", r.Reply, tt.reply)
			}
			if hasControl(r.Key) && !r.Meta.Has('b') {
				t.Errorf("key %q", r.Key)
			}
			if tt.after == closed {
				if st != Fatal {
					t.Errorf("%v, want Fatal", st)
				}
				return
			}
			if st != Refused {
				t.Fatalf("%v, want Refused", st)
			}
			if after := string(r.Skip.Take([]byte(tt.in)[n:])); after != tt.after {
				t.Errorf("left %q, want %q", after, tt.after)
			}
		})
	}
}

// TestSkipInPieces checks that it makes no difference in which pieces the bytes arrive.
func TestSkipInPieces(t *testing.T) {
	for _, tt := range []struct {
		skip     Skip
		in, rest string
	}{
		{Skip{}, "mn", "mn"},
		{Skip{Bytes: 3, Line: true}, "abc\r\nmn", "mn"},
		{Skip{Bytes: 3, Line: true}, "\r\n\r\r\nmn", "mn"},
		{Skip{Line: true}, "abc\ndef\r\n\r\nmn", "\r\nmn"},
		{Skip{Line: true}, "\r\r\n\r\nmn", "\r\nmn"},
		{Skip{Line: true}, "\n\r\nmn", "mn"},
		{Skip{Bytes: 1, Line: true}, "\r\n\r\nmn", "mn"}, // the CR is the value
		{Skip{Bytes: 2, Line: true, LF: true}, "\n\n\nmn", "mn"},
		{Skip{Bytes: 2, Line: true, LF: true}, "ab\r\nmn", "mn"},
		{Skip{Bytes: 100, Line: true}, "abc\r\n", ""},
	} {
		for cut := range len(tt.in) + 1 {
			s := tt.skip
			rest := string(s.Take([]byte(tt.in[:cut])))
			if rest != "" && s.Pending() {
				t.Errorf("%q: %q is left, and more to skip", tt.in[:cut], rest)
			}
			if !s.Pending() {
				rest += tt.in[cut:]
			} else {
				rest += string(s.Take([]byte(tt.in[cut:])))
			}
			if rest != tt.rest {
				t.Errorf("%q cut at %d: left %q, want %q", tt.in, cut, rest, tt.rest)
			}
		}
	}
}

// TestTold checks that a length is found in one way or not at all, whatever the spaces.
func TestTold(t *testing.T) {
	for args, want := range map[string]int{
		"":                             -1,
		"k 0 0 7":                      7,
		"  k  0  0  007  ":             7,
		"k 0 0 +7 noreply":             7,
		"k 0 0 " + strconv.Itoa(1<<62): 1 << 62,
		"a b c 0 0 7":                  7,
		"1 2 3 4 5 6":                  -1,
		"noreply":                      -1,
		"noreply noreply":              -1,
		"a 0 0 noreply":                -1,
	} {
		if got := told(OpSet, []byte(args), false); got != want {
			t.Errorf("%q: %d, want %d", args, got, want)
		}
	}
}

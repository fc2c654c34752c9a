package ascii

import (
	"math"
	"strings"
	"testing"
)

func TestAppendLines(t *testing.T) {
	key := []byte("key")
	for _, tt := range []struct{ got, want string }{
		{string(AppendRetrieval(nil, OpGet, 5)), "get"},
		{string(AppendRetrieval(nil, OpGets, 5)), "gets"},
		{string(AppendRetrieval(nil, OpGat, -1)), "gat -1"},
		{string(AppendRetrieval([]byte("x"), OpGats, 100)), "xgats 100"},
		{string(AppendTouch([]byte("x"), key, math.MinInt32)), "xtouch key -2147483648\r\n"},
		{string(AppendDelete([]byte("x"), key)), "xdelete key\r\n"},
		// memcached 1.6.18 answers EX to these.
		{string(AppendEcho([]byte("EX"), []byte("ms k 1 C99 O123 T0 k\r\n"), false)), "EX O123 kk"},
		{string(AppendEcho([]byte("EX"), []byte("md aw== k C99 b O1\r\n"), true)), "EX kaw== b O1"},
		{string(AppendEcho([]byte("EX"), []byte("ma aw== C99 b t v\r\n"), true)), "EX"},
		{string(AppendEcho([]byte("EX"), []byte("md k C99 O q\n"), false)), "EX O"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestTextKey(t *testing.T) {
	for _, key := range []string{"a", "k\x80\xff", "12345678", key250} {
		if !TextKey([]byte(key)) {
			t.Errorf("%q is one", key)
		}
	}
	for _, key := range []string{
		"", " ", "a b", "a\n", "\r", "\x7f", "1234567\x00", "\x1f2345678",
		"1234567\x7f9012345678", key251,
	} {
		if TextKey([]byte(key)) {
			t.Errorf("%q is none", key)
		}
	}
}

// TestHasControl tries every byte at every position of strings of many lengths.
func TestHasControl(t *testing.T) {
	for length := range 34 {
		s := []byte(strings.Repeat("\x80", length))
		for i := range s {
			for c := range 256 {
				s[i] = byte(c)
				if got, want := hasControl(s), c < 0x20 || c == 0x7f; got != want {
					t.Fatalf("%q: %v", s, got)
				}
			}
			s[i] = " ~\x80\xff\x9f\x20"[i%6]
		}
	}
}

// TestQuietHides has the replies that memcached 1.6.18 suppressed in an experiment.
func TestQuietHides(t *testing.T) {
	hidden := map[Op][]Kind{
		OpMetaGet:    {MetaEN},
		OpMetaSet:    {MetaHD},
		OpMetaDelete: {MetaHD},
		OpMetaArith:  {MetaHD, MetaVA},
	}
	for op := range NumOps {
		for k := range Lines + 1 {
			want := OpSet <= op && op <= OpVerbosity
			for _, h := range hidden[op] {
				want = want || h == k
			}
			if QuietHides(op, k) != want {
				t.Errorf("op %d, kind %d: want %v", op, k, want)
			}
		}
	}
}

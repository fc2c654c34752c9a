package hot

import "testing"

// TestAppendValue: the reply to mg becomes one to get, and to gets.
func TestAppendValue(t *testing.T) {
	const get, gets = "VALUE k 0 1\r\na\r\nEND\r\n", "VALUE k 0 1 5\r\na\r\nEND\r\n"
	for _, tt := range []struct {
		raw, get, gets string
		ttl            int64
		keep, ok       bool
	}{
		{
			"VA 3 f7 t-1 c18446744073709551615\r\na\nb\r\n", "VALUE k 7 3\r\na\nb\r\nEND\r\n",
			"VALUE k 7 3 18446744073709551615\r\na\nb\r\nEND\r\n", -1, true, true,
		},
		{"VA 0 f0 t90 c5\r\n\r\n", "VALUE k 0 0\r\n\r\nEND\r\n", "VALUE k 0 0 5\r\n\r\nEND\r\n", 90, true, true},
		{"VA 1 f0 t-1 c5 W X\r\na\r\n", get, gets, -1, false, true},
		{"VA 1 f0 t-1 c5 Z\r\na\r\n", get, gets, -1, false, true},
		{"VA 1 f0 tx c5\r\na\r\n", get, gets, -1, false, true},
		{"EN\r\n", "", "", 0, false, false},
		{"SERVER_ERROR out of memory\r\n", "", "", 0, false, false},
		{"HD\r\n", "", "", 0, false, false},
	} {
		v, out, keep, ok := AppendValue([]byte("before"), []byte("k"), []byte(tt.raw))
		if ok != tt.ok || keep != tt.keep || string(v.Reply) != tt.get || string(out) != "before"+tt.get {
			t.Errorf("%q: %v %v %q %q", tt.raw, keep, ok, v.Reply, out)
		}
		if !ok {
			continue
		}
		if gets := AppendWithToken(nil, v.Reply, v.CAS); string(gets) != tt.gets || v.TTL != tt.ttl {
			t.Errorf("%q: %q, time to live %d", tt.raw, gets, v.TTL)
		}
	}
	if s := string(AppendAsk(nil, []byte("k"))); s != "mg k v f t c\r\n" {
		t.Errorf("%q", s)
	}
}

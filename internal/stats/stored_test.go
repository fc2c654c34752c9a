package stats

import (
	"strings"
	"testing"
)

// TestReadStored: contents are read from the reply to stats, and other lines are ignored.
func TestReadStored(t *testing.T) {
	const reply = "STAT pid 7\r\nSTAT limit_maxbytes 67108864\r\nSTAT bytes 10\r\nSTAT curr_items 2\r\n" +
		"STAT total_items 18446744073709551615\r\n" +
		"STAT evictions 4\r\nSTAT reclaimed 5\r\n" +
		"STAT get_hits 6\r\nSTAT get_misses 7\r\nSTAT odd\r\nSTAT libevent 2.1 stable\r\nEND\r\n"
	s, err := ReadStored(strings.NewReader(reply + "more"))
	if want := (Stored{
		MaxBytes: 64 << 20, Bytes: 10, Items: 2, TotalItems: 1<<64 - 1, Evictions: 4,
		Reclaimed: 5, GetHits: 6, GetMisses: 7,
	}); err != nil || s != want {
		t.Errorf("%+v, %v", s, err)
	}
	for _, said := range []string{
		"", "ERROR\r\n", "END\r\n", "STAT pid 7\r\nEND\r\n", "STAT limit_maxbytes 0\r\nEND\r\n",
		"STAT limit_maxbytes 5\r\n", "\r\n",
		"CLIENT_ERROR unauthenticated\r\n", strings.Repeat("STAT a 1\r\n", maxStored),
		strings.Repeat("x", 2*maxStored),
	} {
		if s, err := ReadStored(strings.NewReader(said)); err == nil {
			t.Errorf("%.20q: %+v", said, s)
		}
	}
}

// TestStoredSum: the sum is over the servers that have reported. A figure that nobody has reported is left out
// instead of 0, because dashboards divide by it.
func TestStoredSum(t *testing.T) {
	s := &Snapshot{Servers: []Server{
		{Stored: Stored{At: 100, MaxBytes: 5, Items: 1, GetHits: 3}},
		{Stored: Stored{MaxBytes: 1000}},
		{Role: "backup", Stored: Stored{At: 90, MaxBytes: 7, Items: 2}},
	}}
	if sum := s.stored(); sum != (Stored{At: 90, MaxBytes: 12, Items: 3, GetHits: 3}) {
		t.Errorf("%+v", sum)
	}
	text := string(AppendGeneral(nil, process(), &Snapshot{Servers: []Server{{}}}))
	if n := strings.Count(string(AppendGeneral(nil, process(), s)), "get_hits "); n != 1 {
		t.Errorf("get_hits stands %d times in stats: it is the proxy's own", n)
	}
	if strings.Contains(text, "limit_maxbytes") || strings.Contains(text, "curr_items") {
		t.Errorf("figures that nobody has told:\n%s", text)
	}
}

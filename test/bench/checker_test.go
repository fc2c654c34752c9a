package main

import (
	"slices"
	"strings"
	"testing"
)

// script is a workload with short values, so that whole conversations can be written down.
var script = workload{conns: 1, depth: 1, sets: 10, size: 14, width: 1, keys: 100}

func get(key int32) request { return request{key: key} }
func set(key int32) request { return request{key: key, set: true} }

// conversation feeds replies, cut at each of the given places, to a checker that expects the requests.
func conversation(w workload, requests []request, replies string, cuts ...int) (*checker, tally, error) {
	c := newChecker(newGenerator(w, 1))
	for _, r := range requests {
		c.expect(r)
	}
	var t tally
	from := 0
	for _, cut := range append(slices.Clone(cuts), len(replies)) {
		if err := c.feed([]byte(replies[from:cut]), &t); err != nil {
			return &c, t, err
		}
		from = cut
	}
	return &c, t, nil
}

func TestCheckerAcceptsRightRepliesHoweverCut(t *testing.T) {
	wide := script
	wide.width = 4
	batch := []request{set(7), get(7), get(8), set(9)}
	tests := []struct {
		name     string
		w        workload
		requests []request
		replies  string
		want     tally
	}{
		{
			"hit, miss and sets in a batch", script, batch,
			"STORED\r\nVALUE key-00000007 0 14\r\nkey-00000007cd\r\nEND\r\nEND\r\nSTORED\r\n",
			tally{ops: 4, gets: 2, sets: 2, misses: 1},
		},
		{
			"values of a multi-get in any order", wide,
			[]request{get(60)},
			"VALUE key-00000010 0 14\r\nkey-00000010cd\r\nVALUE key-00000060 0 14\r\nkey-00000060cd\r\n" +
				"VALUE key-00000035 0 14\r\nkey-00000035cd\r\nEND\r\n",
			tally{ops: 1, gets: 1, misses: 1},
		},
	}
	for _, tt := range tests {
		for first := range len(tt.replies) {
			for second := first; second < len(tt.replies); second++ {
				c, got, err := conversation(tt.w, tt.requests, tt.replies, first, second)
				if err != nil || got != tt.want || !c.idle() {
					t.Fatalf("%s, cut at %d and %d: %v, %+v, idle %t; want %+v", tt.name, first, second, err, got,
						c.idle(), tt.want)
				}
			}
		}
	}
}

func TestCheckerNoticesWrongReplies(t *testing.T) {
	const good = "VALUE key-00000007 0 14\r\nkey-00000007cd\r\n"
	tests := []struct {
		name    string
		request request
		replies string
		want    string
	}{
		{"value of another key inside", get(7), "VALUE key-00000007 0 14\r\nkey-00000008cd\r\nEND\r\n", "wrong value"},
		{"wrong end of the value", get(7), "VALUE key-00000007 0 14\r\nkey-00000007cX\r\nEND\r\n", "wrong value"},
		{"another key", get(7), "VALUE key-00000008 0 14\r\nkey-00000008cd\r\nEND\r\n", "not asked for"},
		{"a key beyond the last", get(99), "VALUE key-00000199 0 14\r\nkey-00000199cd\r\nEND\r\n", "not asked for"},
		{"no key of ours", get(7), "VALUE kez-00000007 0 14\r\nkez-00000007cd\r\nEND\r\n", "wrong header"},
		{"flags", get(7), "VALUE key-00000007 1 14\r\nkey-00000007cd\r\nEND\r\n", "wrong header"},
		{"no length", get(7), "VALUE key-00000007 0 \r\nkey-00000007cd\r\nEND\r\n", "wrong header"},
		{"another length", get(7), "VALUE key-00000007 0 13\r\nkey-00000007c\r\nEND\r\n", "value of 13 bytes"},
		{"short value", get(7), "VALUE key-00000007 0 14\r\nkey-00000007c\r\nEND\r\n", "wrong value"},
		{"long value", get(7), "VALUE key-00000007 0 14\r\nkey-00000007cde\r\nEND\r\n", "no line end"},
		{"missing END, the value again", get(7), good + good + "END\r\n", "twice"},
		{"missing END, another reply", get(7), good + "STORED\r\n", "wrong reply to a get"},
		{"extra reply", get(7), good + "END\r\nEND\r\n", "without a request"},
		{"extra reply to a set", set(7), "STORED\r\nSTORED\r\n", "without a request"},
		{"reply of the other kind", set(7), "END\r\n", "wrong reply to a set"},
		{"not stored", set(7), "NOT_STORED\r\n", "wrong reply to a set"},
		{"an error line", get(7), "SERVER_ERROR timed out\r\n", "SERVER_ERROR timed out"},
		{"bare line feed", set(7), "STORED\n", "wrong reply to a set"},
		{"a line without end", get(7), strings.Repeat("x", maxLine+1), "endless"},
	}
	for _, tt := range tests {
		for cut := range len(tt.replies) {
			_, _, err := conversation(script, []request{tt.request}, tt.replies, cut)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s, cut at %d: %v; want an error with %q", tt.name, cut, err, tt.want)
			}
		}
	}
}

func TestCheckerKnowsWhatIsOutstanding(t *testing.T) {
	c, _, err := conversation(script, []request{set(1), get(7)},
		"STORED\r\nVALUE key-00000007 0 14\r\nkey-00000007cd\r\n")
	if err != nil || c.idle() || c.outstanding() != 1 {
		t.Errorf("a get without END: %v, %d outstanding, want 1", err, c.outstanding())
	}
}

func TestLongValuesAreComparedAtTheStartAndCounted(t *testing.T) {
	w := script
	w.size = 3 * compared
	g := newGenerator(w, 1)
	sent := g.append(nil, set(7))
	value := string(sent[strings.IndexByte(string(sent), '\n')+1:])
	header := "VALUE key-00000007 0 3072\r\n"
	if _, _, err := conversation(w, []request{get(7)}, header+value+"END\r\n", 1000, 2000); err != nil {
		t.Errorf("right value: %v", err)
	}
	for _, spoiled := range []string{
		"X" + value[1:], value[:compared-1] + "X" + value[compared:], value[1:],
		"y" + value,
	} {
		if _, _, err := conversation(w, []request{get(7)}, header+spoiled+"END\r\n"); err == nil {
			t.Errorf("spoiled value of %d bytes accepted", len(spoiled)-2)
		}
	}
	if _, _, err := conversation(w, []request{get(7)}, header+value[:2000]+value[2001:]+"END\r\n"); err == nil {
		t.Error("value that lacks a byte behind the compared part accepted")
	}
}

func TestRequestsAndRepliesAllocateNothing(t *testing.T) {
	w := script
	w.depth, w.sets, w.width = 16, 50, 1
	g := newGenerator(w, 1)
	c := newChecker(g)
	out, replies := make([]byte, 0, g.room()), make([]byte, 0, 1<<16)
	var sum tally
	allocs := testing.AllocsPerRun(100, func() {
		out, replies = out[:0], replies[:0]
		for range w.depth {
			r := g.next()
			c.expect(r)
			out = g.append(out, r)
			if r.set {
				replies = append(replies, "STORED\r\n"...)
				continue
			}
			replies = appendKey(append(replies, "VALUE "...), r.key)
			replies = appendKey(append(replies, " 0 14\r\n"...), r.key)
			replies = append(replies, "cd\r\nEND\r\n"...)
		}
		if err := c.feed(replies, &sum); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 || !c.idle() || sum.misses != 0 || sum.gets == 0 || sum.sets == 0 {
		t.Errorf("%v allocations, %+v", allocs, sum)
	}
}

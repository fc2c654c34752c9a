package distribute

import (
	"math"
	"testing"
)

// The cursors of SCAN lead through all servers, each from its beginning to its end, and then back to 0.
func TestCursor(t *testing.T) {
	inner := map[uint64][]uint64{0: {0}, 1: {7, 1 << 40, 0}, 2: {5, 0}} // what each of three servers answers
	var visited []uint64
	at, calls := uint64(0), 0
	for calls == 0 || at != 0 {
		server := at % 3
		answers := inner[server]
		if len(answers) == 0 {
			t.Fatalf("server %d is asked again after its end", server)
		}
		next, ok := cursor{server, 3}.next(answers[0])
		if !ok {
			t.Fatalf("no cursor follows %d of server %d", answers[0], server)
		}
		if answers[0] != 0 && (next%3 != server || next/3 != answers[0]) {
			t.Fatalf("%d of server %d became %d", answers[0], server, next)
		}
		inner[server] = answers[1:]
		visited = append(visited, server)
		at = next
		calls++
	}
	if calls != 6 || visited[0] != 0 || visited[5] != 2 {
		t.Errorf("the servers were asked in the order %v", visited)
	}
}

// A cursor that does not fit into 64 bits is refused, and never turns into another one.
func TestCursorTooLarge(t *testing.T) {
	if next, ok := (cursor{2, 3}).next(math.MaxUint64); ok {
		t.Errorf("became %d", next)
	}
	if next, ok := (cursor{0, 1}).next(math.MaxUint64); !ok || next != math.MaxUint64 {
		t.Errorf("with one server: %d, %v", next, ok)
	}
	if next, ok := (cursor{1, 2}).next((math.MaxUint64 - 1) / 2); !ok || next != math.MaxUint64 {
		t.Errorf("the largest that fits became %d, %v", next, ok)
	}
}

// The answers that are made from the replies to the parts of a command.
func TestMergeRedis(t *testing.T) {
	for name, c := range map[string]struct {
		merge   mergeFunc
		m       fanout
		replies []string
		want    string // empty: the replies do not have the right form
	}{
		"sum":             {mergeSum, fanout{}, []string{":3\r\n", ":0\r\n", ":4\r\n"}, ":7\r\n"},
		"sum of a status": {mergeSum, fanout{}, []string{":3\r\n", "+OK\r\n"}, ""},
		"sum too large":   {mergeSum, fanout{}, []string{":9223372036854775807\r\n", ":1\r\n"}, ""},
		"first":           {mergeFirst, fanout{}, []string{"+OK\r\n", "+OK\r\n"}, "+OK\r\n"},
		"concat": {
			mergeConcat,
			fanout{},
			[]string{"*1\r\n$1\r\na\r\n", "*0\r\n", "*2\r\n$1\r\nb\r\n$0\r\n\r\n"},
			"*3\r\n$1\r\na\r\n$1\r\nb\r\n$0\r\n\r\n",
		},
		"concat of a null": {mergeConcat, fanout{}, []string{"*-1\r\n"}, ""},
		"all": {
			mergeAll,
			fanout{},
			[]string{"*3\r\n:1\r\n:0\r\n:1\r\n", "*3\r\n:1\r\n:1\r\n:0\r\n"},
			"*3\r\n:1\r\n:0\r\n:0\r\n",
		},
		"all of other size": {mergeAll, fanout{}, []string{"*1\r\n:1\r\n", "*2\r\n:1\r\n:1\r\n"}, ""},
		"in order": {
			mergeInOrder,
			fanout{keys: 4, owner: []uint16{1, 0, 1, 1}, size: []int{1, 3}},
			[]string{"*1\r\n$1\r\nb\r\n", "*3\r\n$1\r\na\r\n$-1\r\n$2\r\ncc\r\n"},
			"*4\r\n$1\r\na\r\n$1\r\nb\r\n$-1\r\n$2\r\ncc\r\n",
		},
		"keyspace": {
			mergeKeyspace,
			fanout{},
			[]string{
				"$59\r\n# Keyspace\r\ndb0:keys=3,expires=1,avg_ttl=1000,subexpiry=0\r\n\r\n",
				"",
				"$80\r\n# Keyspace\r\ndb12:keys=1,expires=0,avg_ttl=0\r\ndb0:keys=4,expires=3,avg_ttl=2000\r\n\r\n",
			},
			"$87\r\ndb0:keys=7,expires=4,avg_ttl=1750\r\ndb12:keys=1,expires=0,avg_ttl=0\r\nservers_missing:1\r\n\r\n",
		},
		"too few": {
			mergeInOrder,
			fanout{keys: 2, owner: []uint16{0, 0}, size: []int{2}},
			[]string{"*1\r\n$1\r\nb\r\n"},
			"",
		},
	} {
		for _, reply := range c.replies {
			c.m.replies = append(c.m.replies, []byte(reply))
		}
		got, ok := c.merge(nil, &c.m)
		if ok != (c.want != "") || ok && string(got) != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got, ok, c.want)
		}
	}
}

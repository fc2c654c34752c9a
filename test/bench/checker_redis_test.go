package main

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func redisScript(width int) workload {
	w := script
	w.redis, w.width = true, width
	return w
}

func TestRedisRepliesHoweverCut(t *testing.T) {
	for _, tt := range []struct {
		name     string
		w        workload
		requests []request
		replies  string
		want     tally
	}{
		{
			"hit, miss and sets in a batch", redisScript(1),
			[]request{set(7), get(7), get(8), set(9)},
			"+OK\r\n$14\r\nkey-00000007cd\r\n$-1\r\n+OK\r\n",
			tally{ops: 4, gets: 2, sets: 2, misses: 1},
		},
		{
			"values in the order of the keys", redisScript(4),
			[]request{get(60), set(1)},
			"*4\r\n$14\r\nkey-00000060cd\r\n$14\r\nkey-00000085cd\r\n$-1\r\n$14\r\nkey-00000035cd\r\n+OK\r\n",
			tally{ops: 2, gets: 1, sets: 1, misses: 1},
		},
	} {
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

func TestWrongRedisReplies(t *testing.T) {
	const first, second = "$14\r\nkey-00000007cd\r\n", "$14\r\nkey-00000057cd\r\n"
	for _, tt := range []struct {
		name    string
		width   int
		request request
		replies string
		want    string
	}{
		{"value of another key", 1, get(7), "$14\r\nkey-00000008cd\r\n", "wrong value"},
		{"another length", 1, get(7), "$13\r\nkey-00000007c\r\n", "wrong reply to a get"},
		{"short value", 1, get(7), "$14\r\nkey-00000007c\r\n$", "wrong value"},
		{"long value", 1, get(7), "$14\r\nkey-00000007cde\r\n", "no line end"},
		{"an error", 1, set(7), "-ERR no\r\n", "-ERR no"},
		{"reply of the other kind", 1, set(7), "$-1\r\n", "wrong reply to a set"},
		{"reply of the other kind", 1, get(7), "+OK\r\n", "wrong reply to a get"},
		{"extra reply", 1, get(7), first + first, "without a request"},
		{"values in another order", 2, get(7), "*2\r\n" + second + first, "wrong value"},
		{"no array", 2, get(7), first + second, "wrong reply to a get"},
		{"another number", 2, get(7), "*3\r\n" + first + second, "wrong reply to a get"},
		{"two arrays", 2, get(7), "*2\r\n*2\r\n", "wrong reply to a get"},
		{"one value too many", 2, get(7), "*2\r\n" + first + second + first, "without a request"},
	} {
		for cut := range len(tt.replies) {
			_, _, err := conversation(redisScript(tt.width), []request{tt.request}, tt.replies, cut)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s, cut at %d: %v; want an error with %q", tt.name, cut, err, tt.want)
			}
		}
	}
}

// TestRedisIsAsked checks that a real Redis understands every request, and that its replies count as right.
func TestRedisIsAsked(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatalf("%v: `make deps` installs it", err)
	}
	addrs, err := freeAddrs(1)
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{dir: t.TempDir(), addrs: addrs}
	server, err := c.redisServer(t.Context(), "redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.stop)
	for _, w := range []workload{
		{conns: 20, depth: 16, sets: 50, size: 100, width: 1, keys: 1000, redis: true},
		{conns: 8, depth: 2, sets: 50, size: 0, width: 10, keys: 1000, redis: true},
		{conns: 2, depth: 1, sets: 50, size: 100_000, width: 3, keys: 50, redis: true},
	} {
		t.Run(fmt.Sprintf("%+v", w), func(t *testing.T) {
			o := loadOptions{
				addr: server.addr, patience: defaultPatience, threads: 1, fill: true,
				duration: 150 * time.Millisecond, workload: w,
			}
			res := measured(t, o, func(res loadResult) bool { return res.Gets >= 10 && res.Sets >= 10 })
			if res.Misses > 0 || res.Ops != res.Gets+res.Sets {
				t.Errorf("%+v", res)
			}
		})
	}
}

func TestRedisRequestsFitTheirRoom(t *testing.T) {
	for _, width := range []int{1, 2, 50} {
		w := redisScript(width)
		w.depth = 1
		g := newGenerator(w, 1)
		for _, r := range []request{get(1), set(1)} {
			if n := len(g.append(nil, r)); n > g.room() {
				t.Errorf("width %d: %d bytes where there is room for %d", width, n, g.room())
			}
		}
	}
}

package redis

import (
	"fmt"
	"slices"
	"testing"
)

// scan returns all keys that SCAN lists.
func scan(t *testing.T, c *conn, args ...string) (keys []string) {
	t.Helper()
	return scanFrom(t, c, "", args...)
}

// scanFrom is scan with cursors that have something in front.
func scanFrom(t *testing.T, c *conn, front string, args ...string) (keys []string) {
	t.Helper()
	for cursor, rounds := "0", 0; ; rounds++ {
		reply := elements(c.do(append([]string{"SCAN", front + cursor}, args...)...))
		if len(reply) != 2 || rounds > 100_000 {
			t.Fatalf("%q after %d rounds", reply, rounds)
		}
		keys = append(keys, words(reply[1])...)
		if cursor = text(reply[0]); cursor == "0" {
			return keys
		}
	}
}

// TestScan checks that each key is found once while nothing changes, with every option, and from any connection.
func TestScan(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprint(n, " servers"), func(t *testing.T) {
			c := dial(t, startPool(t, startServers(t, n), calm).Addr)
			if got := scan(t, c); len(got) != 0 {
				t.Errorf("%q where nothing is", got)
			}
			var all, lists, tens []string
			for i := range 1000 {
				key := fmt.Sprintf("key%04d", i)
				all = append(all, key)
				args := []string{"SET", key, "x"}
				if i%5 == 0 {
					lists = append(lists, key)
					args[0] = "LPUSH"
				}
				if i%10 == 0 {
					tens = append(tens, key)
				}
				c.do(args...)
			}
			for _, tt := range []struct {
				args []string
				want []string
			}{
				{nil, all},
				{[]string{"COUNT", "1"}, all},
				{[]string{"COUNT", "100000"}, all},
				{[]string{"MATCH", "key*0"}, tens},
				{[]string{"TYPE", "list", "COUNT", "50"}, lists},
				{[]string{"COUNT", "77", "MATCH", "key*0", "TYPE", "list"}, tens},
				{[]string{"MATCH", "nothing"}, nil},
			} {
				got := scan(t, c, tt.args...)
				slices.Sort(got)
				if !slices.Equal(got, tt.want) {
					t.Errorf("SCAN %q: %d keys, want %d", tt.args, len(got), len(tt.want))
				}
			}
		})
	}
}

// TestScanCursors checks that a cursor is read as Redis reads it: a plus sign may stand in front.
func TestScanCursors(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 3)
	c, direct := dial(t, startPool(t, servers, calm).Addr), dial(t, servers[0].Addr)
	for i := range 100 {
		c.do("SET", fmt.Sprint("key", i), "x")
	}
	if got := scanFrom(t, c, "+", "COUNT", "1"); len(got) != 100 {
		t.Errorf("%d keys", len(got))
	}
	for _, cursor := range []string{"+", "++0", "x", " 0", "0 ", "18446744073709551616"} {
		if got, want := c.do("SCAN", cursor), direct.do("SCAN", cursor); got != want {
			t.Errorf("%q: %q, and Redis says %q", cursor, got, want)
		}
	}
}

package redis

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// valueOf returns a value of so many bytes that is like no other.
func valueOf(name string, size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "%s %d,", name, i)
	}
	return b.String()[:size]
}

// TestLargeSplit stores and reads many large values of several servers by one command each, with small ones between
// them, twice the same one, and one that is not there. Other commands follow on the same connection at once. It does
// so while the servers read, and while they hang for a while, and on several loops.
func TestLargeSplit(t *testing.T) {
	for _, hang := range []bool{false, true} {
		t.Run(fmt.Sprint("hang ", hang), func(t *testing.T) {
			servers := startServers(t, 3)
			c := dial(t, startPool(t, servers, calm).Addr)
			mset, mget, want := []string{"MSET"}, []string{"MGET"}, ""
			for i := range 12 {
				name := fmt.Sprint("k", i)
				value := valueOf(name, 3<<20+i)
				if i%4 == 3 {
					value = name
				}
				mset = append(mset, name, value)
				mget = append(mget, name)
				want += bulk(value)
			}
			mget = append(mget, "k2", "none", "k3")
			c.want(":0\r\n", "DBSIZE") // the servers are connected
			want = "*15\r\n" + want + bulk(mset[6]) + "$-1\r\n" + bulk("k3")
			for round := range 3 {
				if hang {
					servers[1].Pause()
				}
				request := command(mset...) + command("SET", "after", "x") + command("PING") + command(mget...) +
					command("GET", "after") + command("SET", "large", mset[2]) + command("GET", "large")
				sent := make(chan error, 1)
				go func() { sent <- c.trySend(request) }()
				if hang {
					testkit.Eventually(t, "it is on its way to the others", func() error {
						if got := dial(t, servers[0].Addr).do("DBSIZE"); got == ":0\r\n" {
							return fmt.Errorf("%q", got)
						}
						return nil
					})
					servers[1].Resume()
				}
				for i, reply := range []string{
					"+OK\r\n", "+OK\r\n", "+PONG\r\n", want, bulk("x"), "+OK\r\n", bulk(mset[2]),
				} {
					if got := c.reply(); got != reply {
						t.Fatalf("round %d, reply %d: %d bytes, %.60q, want %d, %.60q",
							round, i, len(got), got, len(reply), reply)
					}
				}
				if err := <-sent; err != nil {
					t.Fatal(err)
				}
			}
			if got := c.do(append([]string{"EXISTS"}, mget[1:13]...)...); got != ":12\r\n" {
				t.Errorf("%q", got)
			}
		})
	}
}

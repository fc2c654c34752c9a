package redis

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"magent/internal/testkit"
)

// TestLargeBuffersComeBack has several clients store and read large values of their own by commands to several
// servers. Others hang up in the middle of such a request or reply. So buffers are used again all the time, and every
// byte must be the client's own. Then the memory comes back.
func TestLargeBuffersComeBack(t *testing.T) {
	const clients, rounds, keys, size = 4, 6, 5, 2 << 20
	servers := startServers(t, 2)
	proxy := startPool(t, servers, calm)
	dial(t, proxy.Addr).want("+PONG\r\n", "PING")
	before := proxy.RSS()
	request := func(client, round int) (mset, mget, want string) {
		set, get := []string{"MSET"}, []string{"MGET"}
		want = fmt.Sprintf("*%d\r\n", keys)
		for i := range keys {
			key := fmt.Sprintf("client %d, key %d", client, i)
			value := strings.Repeat(fmt.Sprintf("%s, round %d;", key, round), size/20)
			set, get = append(set, key, value), append(get, key)
			want += bulk(value)
		}
		return command(set...), command(get...), want
	}
	var group sync.WaitGroup
	for client := range clients {
		c := dial(t, proxy.Addr)
		group.Go(func() {
			for round := range rounds {
				mset, mget, want := request(client, round)
				if err := c.trySend(mset + mget); err != nil {
					t.Error(err)
					return
				}
				for _, want := range []string{"+OK\r\n", want} {
					if got, err := c.tryReply(); got != want {
						t.Errorf("client %d, round %d: %d bytes, which begin with %.60q, %v", client, round,
							len(got), got, err)
					}
				}
			}
		})
	}
	for round := range rounds {
		mset, mget, _ := request(clients, round)
		c := dial(t, proxy.Addr)
		if round%2 == 0 {
			c.send(mset + mget)
		} else {
			c.send(mset[:len(mset)*round/rounds])
		}
		c.Close()
	}
	group.Wait()
	const last = 50 << 20 // what nobody else asks for makes nobody forget
	c := dial(t, proxy.Addr)
	c.want("+OK\r\n", "MSET", "client 0, key 0", strings.Repeat("x", last), "client 0, key 1", "x",
		"client 0, key 2", "x")
	if got := c.do("MGET", "client 0, key 0", "client 0, key 1", "client 0, key 2"); len(got) < last {
		t.Errorf("%d bytes, which begin with %.60q", len(got), got)
	}
	if strings.HasSuffix(os.Getenv("MAGENT_BIN"), "-race") {
		return // the race detector gives back nothing of what it has noted of memory
	}
	testkit.Eventually(t, "the memory comes back", func() error {
		if rss := proxy.RSS(); rss > before+32<<20 {
			return fmt.Errorf("%d MiB, before that %d", rss>>20, before>>20)
		}
		return nil
	})
}

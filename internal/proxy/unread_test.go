package proxy

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"magent/backend"
	"magent/internal/config"
	"magent/internal/session"
)

// A primary that reads nothing gets values until 64 MiB and one of the largest wait for its socket. Then mutations are
// refused on both copies, with an error that names the limit, and reads go to the backup. When the primary reads
// again, all that was accepted is stored.
func TestServerThatReadsNothing(t *testing.T) {
	const (
		size    = 64_000         // what a client may always have under way, see session.FairShare
		clients = 1400           // each with one set
		limit   = 64<<20 + 1<<20 // bytes that wait for the socket, with the largest value of a rig
		kernel  = 16 << 20       // more than sockets on the loopback hold
	)
	r, p, b := pair(t, func(cfg *config.Config) { cfg.MaxClients = 2 * clients })
	reads := make(chan struct{})
	read := sync.OnceFunc(func() { close(reads) })
	t.Cleanup(read)
	p.answers(func(text string) string {
		if strings.HasPrefix(text, "set ") {
			<-reads
		}
		return forgetful(text)
	})
	var taken atomic.Int64 // sets that the backup was asked for
	b.answers(func(text string) string {
		if strings.HasPrefix(text, "set ") {
			taken.Add(1)
		}
		return forgetful(text)
	})
	r.eventually(0, "connected", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[1].Ready()
	})
	c := r.client()
	for range 100 { // so that a get counts as one of a small value
		c.say("get k\r\n")
		c.hear(miss)
	}
	set := fmt.Sprintf("set k 0 0 %d\r\n%s\r\n", size, strings.Repeat("v", size))
	var all []*client
	for range clients {
		c := r.client()
		c.say(set)
		all = append(all, c)
	}
	r.eventually(0, "all sets are begun, and the backup has carried them out", func(sh *session.Shard) bool {
		conns := sh.Pools[0].Conns
		return *session.Assembly(sh) == 0 && conns[0].Full() == backend.FullOutput && conns[1].Pending() == 0
	})
	full := fmt.Sprintf("SERVER_ERROR %v: too many bytes wait to be sent (more than %d); it hangs, or the network is "+
		"too slow: send less, or add servers\r\n", p.addr, limit)
	c.say(set + "get other\r\nget k\r\n" + set)
	c.hear(full + miss + miss + full) // the backup leads the last one

	read()
	stored, refused := int64(0), 0
	for _, c := range all {
		switch line := c.line(); line {
		case "STORED\r\n":
			stored++
		case full:
			refused++
		default:
			t.Fatalf("a set is answered with %q", line)
		}
	}
	if stored < limit/size || stored > (limit+kernel)/size {
		t.Errorf("%d sets are stored, %d refused; want between %d and %d stored",
			stored, refused, limit/size, (limit+kernel)/size)
	}
	if n := taken.Load(); n != stored {
		t.Errorf("the backup was asked for %d sets, of which %d are stored", n, stored)
	}
}

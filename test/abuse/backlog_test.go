package abuse

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestBacklog lets many clients ask at once for more than the servers can deliver within the timeout, or send as much.
// This backlog is magent's own, not the servers' fault. No server may be ejected, everybody must get all replies,
// others must be served in the meantime, and memory must stay bounded.
func TestBacklog(t *testing.T) {
	const mb = 1_000_000
	value := strings.Repeat("0123456789", mb/10)
	set := fmt.Sprintf("set big%%d 0 0 %d\r\n%s\r\n", mb, value)
	for _, w := range []struct {
		name    string
		clients int
		ask     func(client int) (request, want string)
	}{
		{"100 clients, 32 gets each", 100, func(int) (string, string) {
			return strings.Repeat("get big\r\n", 32), strings.Repeat(harness.Hit("big", value), 32)
		}},
		{"20 clients, 20 gets each", 20, func(int) (string, string) {
			return strings.Repeat("get big\r\n", 20), strings.Repeat(harness.Hit("big", value), 20)
		}},
		{"50 clients, a get of 30 keys each", 50, func(int) (string, string) {
			hit := strings.TrimSuffix(harness.Hit("big", value), "END\r\n")
			return "get" + strings.Repeat(" big", 30) + "\r\n", strings.Repeat(hit, 30) + "END\r\n"
		}},
		{"30 clients, 32 sets each", 30, func(client int) (string, string) {
			return strings.Repeat(fmt.Sprintf(set, client), 32), strings.Repeat("STORED\r\n", 32)
		}},
	} {
		t.Run(w.name, func(t *testing.T) {
			v := startVictim(t)
			c := harness.Dial(t, v.Addr)
			c.Want(fmt.Sprintf("set big 0 0 %d\r\n%s\r\n", mb, value), "STORED\r\n")
			for i := range 1000 { // small values are what is usual
				c.Want(harness.Set("small", fmt.Sprint(i)), "STORED\r\n")
				c.Want("get small\r\n", harness.Hit("small", fmt.Sprint(i)))
			}
			stop, bystander := make(chan struct{}), make(chan error, 1)
			go standBy(v.Addr, stop, bystander)
			err := harness.Together(w.clients, func(i int) error {
				c, err := harness.Open(v.Addr)
				if err != nil {
					return err
				}
				defer c.Close()
				c.Limit = 10 * testkit.Patience // for all that it sends
				request, want := w.ask(i)
				sent := make(chan error, 1)
				go func() { sent <- c.TrySend(request) }()
				if err := readExactly(c, want); err != nil {
					return err
				}
				return <-sent
			})
			if err != nil {
				t.Error(err)
			}
			close(stop)
			if err := <-bystander; err != nil {
				t.Errorf("a bystander: %v", err)
			}
			if rss := v.RSS(); rss > backlogLimit {
				t.Errorf("RSS %d MB", rss>>20)
			}
			if strings.Contains(v.Log(), "ejected") {
				t.Errorf("a server was ejected:\n%s", v.Log())
			}
			stats := c.Do("stats servers\r\n")
			for _, figure := range []string{"server:0:ejections 0\r\n", "server:1:ejections 0\r\n"} {
				if !strings.Contains(stats, figure) {
					t.Errorf("no %q in %s", figure, stats)
				}
			}
			for _, line := range strings.Split(stats, "\r\n") {
				if strings.Contains(line, ":timeouts") {
					t.Log(line)
				}
			}
		})
	}
}

// backlogLimit bounds the memory for many clients at once. Replies that are not fetched yet may take 256 MiB
// (maxUnsent), and the garbage collector may leave about as much. Each of 100 clients may have 512 KiB and one value
// of 1 MB waiting.
const backlogLimit = 2 * 256 << 20

// standBy asks for small values until it is stopped.
func standBy(addr string, stop <-chan struct{}, done chan<- error) {
	c, err := harness.Open(addr)
	if err != nil {
		done <- err
		return
	}
	defer c.Close()
	for i := 0; ; i++ {
		select {
		case <-stop:
			done <- nil
			return
		default:
		}
		for _, ask := range [][2]string{
			{harness.Set("by", fmt.Sprint(i)), "STORED\r\n"},
			{"get by\r\n", harness.Hit("by", fmt.Sprint(i))},
		} {
			if got, err := c.Try(ask[0]); err != nil || got != ask[1] {
				done <- fmt.Errorf("%q: %q, %w", ask[0], got, err)
				return
			}
		}
	}
}

package proxy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/ascii"
	"magent/internal/call"
	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// Tasks between loops, and requests that wait on a session, outlive the pool that they were made for when a reload
// removes or changes it. They are answered with an error, and nothing of them reaches a server of another pool, nor
// of the pool that has taken the place.

const goneReply = "SERVER_ERROR the pool was removed or changed by a reload\r\n"

// threePools is a rig with a pool of one server, another one behind it, which has its own, and one that always stays.
func threePools(t *testing.T, threads int) (r *rig, second *fake) {
	t.Helper()
	second = newFake(t, 1)
	r = start(t, 1, 0, func(cfg *config.Config) {
		cfg.Threads, cfg.MaxValue = threads, 1000
		for _, name := range []string{"second", "bystander"} {
			other := cfg.Pools[0]
			other.Name, other.Servers = name, []config.Address{second.addr}
			cfg.Pools = append(cfg.Pools, other)
		}
		dir := t.TempDir() // whose names stay free while a pool is not there
		for i := range cfg.Pools {
			cfg.Pools[i].Listen = []config.Listen{{
				Network: "unix", Address: fmt.Sprintf("%s/%d", dir, i), Backlog: 64,
				Mode: 0o600,
			}}
		}
	})
	return r, second
}

// changes are the reloads after which the first pool is not the one that it was.
func changes(t *testing.T) map[string]func([]config.Pool) []config.Pool {
	third := newFake(t, 2)
	t.Cleanup(func() {
		for len(third.asked) > 0 {
			if text := (<-third.asked).text; strings.Contains(text, " k") || strings.HasPrefix(text, "get t") ||
				strings.HasPrefix(text, "flush_all") {
				t.Errorf("the server of the new pool was asked for %q", text)
			}
		}
	})
	return map[string]func([]config.Pool) []config.Pool{
		"removed": func(p []config.Pool) []config.Pool { return p[1:] },
		"renamed": func(p []config.Pool) []config.Pool {
			p[0].Name = "other"
			return p
		},
		"names swapped": func(p []config.Pool) []config.Pool {
			p[0].Name, p[1].Name = p[1].Name, p[0].Name
			return p
		},
		"removed, and another one added": func(p []config.Pool) []config.Pool {
			p[0].Name, p[0].Servers = "third", []config.Address{third.addr}
			return []config.Pool{p[1], p[2], p[0]}
		},
		"another server": func(p []config.Pool) []config.Pool {
			p[0].Servers = []config.Address{third.addr}
			return p
		},
		"a smaller value": func(p []config.Pool) []config.Pool {
			p[0].MaxValue = 1
			return p
		},
		"Redis": func(p []config.Pool) []config.Pool {
			p[0].Redis, p[0].Servers = true, []config.Address{third.addr}
			return p
		},
	}
}

// noted is a client that notes what it is answered.
type noted chan string

func (n noted) Answer(c *call.Call, reply []byte) {
	n <- string(reply)
	c.Release()
}

// Every kind of task is made before the reload, and run after it.
func TestTaskOfAPoolThatIsGone(t *testing.T) {
	t.Parallel()
	requests := map[string]string{ // and what they are answered with
		"get k\r\n":                      goneReply,
		"set k 0 0 3\r\nabc\r\n":         goneReply,
		"set k 0 0 3 noreply\r\nabc\r\n": "",
		"cas k 0 0 3 7\r\nabc\r\n":       goneReply,
		"mg k v q\r\n":                   goneReply,
		"ms k 3 q\r\nabc\r\n":            goneReply,
		"flush_all\r\n":                  goneReply,
		"flush_all noreply\r\n":          "",
		"get k l\r\n":                    goneReply,
		tooLarge:                         goneReply,
	}
	for _, threads := range []int{2, 3} {
		for name, change := range changes(t) {
			t.Run(fmt.Sprintf("%s, %d loops", name, threads), func(t *testing.T) {
				r, second := threePools(t, threads)
				var send []func()
				answers := map[string]noted{}
				for text := range requests {
					answers[text] = make(noted, 1)
					r.on(0, func(sh *session.Shard) { send = append(send, r.task(sh, text, answers[text])) })
				}
				r.reload(change)
				r.on(0, func(*session.Shard) {
					for _, f := range send {
						f()
					}
				})
				for text, want := range requests {
					if got := testkit.Await(t, text, answers[text]); got != want {
						t.Errorf("%q: %q, want %q", text, got, want)
					}
				}
				for _, f := range []*fake{r.servers[0], second} {
					if len(f.asked) > 0 {
						t.Errorf("a server was asked for %q", (<-f.asked).text)
					}
				}
			})
		}
	}
}

const tooLarge = "set, refused"

// task makes a task of the first pool, and returns what posts it to the last loop. The call is one of a pool that
// stays, so that the reload does not wait for it.
func (r *rig) task(home *session.Shard, text string, to call.Client) (send func()) {
	owner := r.svc.shards[len(r.svc.shards)-1]
	p, c := home.Pools[0], home.Pools[2].Engine.NewCall(to)
	request := &ascii.Request{}
	switch {
	case strings.HasPrefix(text, "flush_all"):
		return func() { home.Others.SendFlush(p, c, []byte(text)) }
	case text == tooLarge:
		request.Op, request.Key, request.Reply = ascii.OpSet, []byte("k"),
			[]byte("SERVER_ERROR object too large for cache\r\n")
		return func() { home.Others.SendDrop(owner.Others, p, c, request) }
	case strings.HasPrefix(text, "get k l"):
		keys := r.owned(owner.ID, 2)
		request.Op, request.Keys = ascii.OpGet, []byte(keys[0]+" "+keys[1])
		return func() { home.Others.Fanout(p, c, request) }
	}
	return func() { home.Others.Send(owner.Others, p, c, []byte(text)) }
}

// What a client has asked while its pool was about to go is answered, whichever loop it would have been for.
func TestWaitingRequestOfAPoolThatIsGone(t *testing.T) {
	for _, threads := range []int{1, 2, 3} {
		r, second := threePools(t, threads)
		conn, err := net.Dial("unix", r.svc.Addrs()[0])
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(t, conn)
		c.nothing()
		r.on(0, func(sh *session.Shard) { sh.Pools[0].Held = true })
		text, want := "", ""
		for id := range threads {
			key := r.owned(id, 1)[0]
			text += "get " + key + "\r\nset " + key + " 0 0 1\r\nx\r\nset " + key + " 0 0 1 noreply\r\nx\r\n"
			want += goneReply + goneReply
		}
		keys := r.owned(threads-1, session.PieceKeys+1)
		text += "flush_all\r\nget " + keys[0] + " " + r.owned(0, 2)[1] + "\r\n" + getLine(keys)
		want += goneReply + goneReply + goneReply
		c.say(text)
		r.eventually(0, "paused", func(sh *session.Shard) bool {
			return sh.Pools[0].Count.BytesRead > uint64(len(text))
		})
		r.reload(func(p []config.Pool) []config.Pool { return p[1:] })
		c.hear(want)
		c.ended()
		for _, f := range []*fake{r.servers[0], second} {
			if len(f.asked) > 0 {
				t.Errorf("a server was asked for %q", (<-f.asked).text)
			}
		}
	}
}

// Busy clients of pools that are removed, renamed, reordered and added again, on several loops: nobody gets what is
// in another pool, and every request is answered until its connection ends.
func TestReloadsUnderBusyClients(t *testing.T) {
	t.Parallel()
	for _, threads := range []int{2, 3} {
		r, second := threePools(t, threads)
		for i, f := range []*fake{r.servers[0], second} {
			f.answers(func(text string) string { return answerOf(i, text) })
		}
		stop := make(chan struct{})
		errs := make(chan error, 6)
		addrs := r.svc.Addrs()
		for n := range 6 {
			go beBusy(addrs[n%2], n%2, stop, errs)
		}
		full := r.pools()
		renamed, reordered := slices.Clone(full), slices.Clone(full)
		renamed[0].Name, renamed[1].Name = "x", "y"
		slices.Reverse(reordered)
		for range 15 {
			for _, pools := range [][]config.Pool{
				full[2:], full, renamed, reordered, full[1:], full, renamed[:1],
				renamed,
			} {
				if err := r.svc.Reload(pools); err != nil {
					t.Fatal(err)
				}
			}
		}
		close(stop)
		for range 6 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	}
}

// answerOf is how the server of pool i answers: with values that say which pool it is.
func answerOf(i int, text string) string {
	switch w := strings.Fields(text); w[0] {
	case "get":
		var out strings.Builder
		for _, key := range w[1:] {
			fmt.Fprintf(&out, "VALUE %s %d 1\r\n%d\r\n", key, i, i)
		}
		return out.String() + "END\r\n"
	case "set":
		return "STORED\r\n"
	case "flush_all":
		return "OK\r\n"
	}
	return "ERROR\r\n"
}

// beBusy asks an address for what is in pool i, and connects again when the connection ends.
func beBusy(addr string, i int, stop <-chan struct{}, errs chan<- error) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			errs <- nil
			return
		default:
		}
		c, err := net.Dial("unix", addr)
		if err != nil {
			continue // the pool is not there just now
		}
		err = askOf(c, i, n, stop)
		c.Close()
		if err != nil {
			errs <- err
			return
		}
	}
}

// askOf asks until the connection ends.
func askOf(c net.Conn, i, n int, stop <-chan struct{}) error {
	_ = c.SetDeadline(time.Now().Add(2 * testkit.Patience))
	in := bufio.NewReader(c)
	for ; ; n++ {
		select {
		case <-stop:
			return nil
		default:
		}
		a, b := fmt.Sprintf("a%d", n), fmt.Sprintf("b%d", n)
		if _, err := fmt.Fprintf(c, "get %s\r\nset %s 0 0 1\r\nx\r\nget %s %s\r\nflush_all\r\n", a, b, a,
			b); err != nil {
			return nil
		}
		value := func(key string) string { return fmt.Sprintf("VALUE %s %d 1\r\n%d\r\n", key, i, i) }
		for _, want := range []string{value(a) + "END\r\n", "STORED\r\n", value(a) + value(b) + "END\r\n", "OK\r\n"} {
			line, err := in.ReadString('\n')
			switch {
			case errors.Is(err, os.ErrDeadlineExceeded):
				return fmt.Errorf("a client of pool %d: no answer in time", i)
			case err != nil:
				return nil
			case strings.HasPrefix(line, "SERVER_ERROR"):
				continue
			}
			rest := make([]byte, max(0, len(want)-len(line)))
			if _, err := io.ReadFull(in, rest); err != nil {
				return nil
			}
			if got := line + string(rest); got != want {
				return fmt.Errorf("a client of pool %d got %q, want %q", i, got, want)
			}
		}
	}
}

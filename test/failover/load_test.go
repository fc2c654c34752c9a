package failover

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// clients is the number of connections that are busy while something is done to a server.
const clients = 10

// load lets clients send pipelines with known replies, calls strike when all clients are busy, and lets each of them
// go on for a while. It returns the errors, and the longest time of a pipeline.
func load(addr, name string, strike func()) (time.Duration, error) {
	const before, after = 15, 15 // pipelines of each client
	warm := make(chan struct{}, clients)
	struck := make(chan struct{})
	var slowest atomic.Int64
	run := func(i int) error {
		if i == clients { // the one that strikes
			for range clients {
				<-warm
			}
			strike()
			close(struck)
			return nil
		}
		a, err := newActor(addr, fmt.Sprintf("%s-%d", name, i), i)
		if err != nil {
			warm <- struct{}{}
			return err
		}
		defer a.c.Close()
		for n, left := 1, after; left > 0; n++ {
			if n == before {
				warm <- struct{}{}
			}
			began := time.Now()
			if err := a.pipeline(n); err != nil {
				if n < before {
					warm <- struct{}{}
				}
				return fmt.Errorf("client %d, pipeline %d: %w", i, n, err)
			}
			for took := int64(time.Since(began)); ; {
				old := slowest.Load()
				if took <= old || slowest.CompareAndSwap(old, took) {
					break
				}
			}
			select {
			case <-struck:
				left--
			default:
			}
		}
		return nil
	}
	err := harness.Together(clients+1, run)
	return time.Duration(slowest.Load()), err
}

// actor is a client with its own keys, so that it knows every reply.
type actor struct {
	c     *harness.Client
	name  string
	big   string // what a get of one of its keys has to say
	count int
	log   string
	meta  bool   // whether the servers have the meta commands
	got   []byte // room for replies
}

func newActor(addr, name string, i int) (*actor, error) {
	c, err := harness.Open(addr)
	if err != nil {
		return nil, err
	}
	a := &actor{c: c, name: name, count: 1_000_000}
	big := strings.Repeat("big ", 100)
	if i%4 == 0 {
		big = strings.Repeat("big ", 100_000)
	}
	a.big = harness.Hit(name+"b", big)
	got, err := c.Try("mg none\r\n")
	if err != nil {
		return nil, err
	}
	a.meta = got == "EN\r\n"
	for _, request := range []string{
		harness.Set(name+"b", big), harness.Set(name+"c", "1000000"),
		harness.Set(name+"l", ""),
	} {
		if got, err := c.Try(request); err != nil || got != "STORED\r\n" {
			c.Close()
			return nil, fmt.Errorf("%.40q: %.80q %w", request, got, err)
		}
	}
	return a, nil
}

// pipeline sends a handful of commands in one packet and compares the replies.
func (a *actor) pipeline(n int) error {
	key, old, value := fmt.Sprintf("%s%d", a.name, n), fmt.Sprintf("%s%d", a.name, n-1), fmt.Sprint("value ", n)
	a.count += 3
	a.log += "x"
	var send, want strings.Builder
	step := func(request, reply string) {
		send.WriteString(request)
		want.WriteString(reply)
	}
	step(harness.Set(key, value), "STORED\r\n")
	step("get "+key+"\r\n", harness.Hit(key, value))
	step("incr "+a.name+"c 3\r\n", fmt.Sprintf("%d\r\n", a.count))
	step("append "+a.name+"l 0 0 1 noreply\r\nx\r\n", "")
	step("get "+a.name+"l\r\n", harness.Hit(a.name+"l", a.log))
	step("get "+a.name+"b\r\n", a.big)
	if n > 1 {
		step("delete "+old+"\r\n", "DELETED\r\n")
	}
	step("get "+old+" "+key+" "+a.name+"c\r\n", fmt.Sprintf("VALUE %s 0 %d\r\n%s\r\n", key, len(value), value)+
		harness.Hit(a.name+"c", fmt.Sprint(a.count)))
	step("touch "+key+" 1000\r\n", "TOUCHED\r\n")
	step("add "+key+" 0 0 1\r\n1\r\n", "NOT_STORED\r\n")
	if a.meta {
		step("mg "+key+" v k\r\n", fmt.Sprintf("VA %d k%s\r\n%s\r\n", len(value), key, value))
	}
	if err := a.c.TrySend(send.String()); err != nil {
		return err
	}
	return a.compare(want.String())
}

func (a *actor) compare(want string) error {
	a.got = slices.Grow(a.got[:0], len(want))[:len(want)]
	got := a.got
	if err := a.c.Conn.SetReadDeadline(time.Now().Add(testkit.Patience)); err != nil {
		return err
	}
	n, err := io.ReadFull(a.c.Conn, got)
	if err == nil && string(got) == want {
		return nil
	}
	for i := range n {
		if got[i] != want[i] {
			return fmt.Errorf("reply ...%.200q, want ...%.200q", got[max(0, i-20):n], want[max(0, i-20):])
		}
	}
	return err
}

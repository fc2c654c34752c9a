package redis

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"magent/internal/testkit"
)

// unready is a server that accepts connections and answers every command in the same way.
type unready struct {
	reply string
	asked atomic.Int64

	l     net.Listener
	mu    sync.Mutex
	conns []net.Conn
	done  sync.WaitGroup
}

// startUnready starts one on the address of another server.
func startUnready(t *testing.T, addr, reply string) *unready {
	t.Helper()
	l, err := net.Listen("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	u := &unready{reply: reply, l: l}
	u.done.Go(u.accept)
	t.Cleanup(u.stop)
	return u
}

func (u *unready) accept() {
	for {
		c, err := u.l.Accept()
		if err != nil {
			return
		}
		u.mu.Lock()
		u.conns = append(u.conns, c)
		u.mu.Unlock()
		u.done.Go(func() { u.answer(c) })
	}
}

// answer answers each command once. A command ends with its name or an argument, on a line that is not a length.
func (u *unready) answer(c net.Conn) {
	defer func() { _ = c.Close() }()
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "*") {
			u.asked.Add(1)
			if _, err := c.Write([]byte(u.reply)); err != nil {
				return
			}
		}
	}
}

// stop closes all connections, and returns when no command is being answered.
func (u *unready) stop() {
	_ = u.l.Close()
	u.mu.Lock()
	for _, c := range u.conns {
		_ = c.Close()
	}
	u.mu.Unlock()
	u.done.Wait()
}

// TestAutoEject follows the how-to: one of four servers is killed. After a few errors its keys go to the others, and
// all other keys stay where they are. As long as the server that answers at its address is not ready, it stays
// ejected. Then it gets its keys back.
func TestAutoEject(t *testing.T) {
	t.Parallel()
	for _, why := range []string{
		"-LOADING Redis is loading the dataset in memory\r\n",
		"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
	} {
		t.Run(why[:8], func(t *testing.T) {
			t.Parallel()
			ejectAndReturn(t, why)
		})
	}
}

func ejectAndReturn(t *testing.T, why string) {
	servers := startServers(t, 4)
	proxy := startPool(t, servers, append([]string{"auto_eject_hosts: true"}, quick...)...).Addr
	keys := keysOf(t, proxy, servers, 10)
	c := dial(t, proxy)
	dead := servers[1]
	dead.Kill()
	failed := 0
	for _, key := range keys[1] {
		for got := c.do("SET", key, "moved"); got != "+OK\r\n"; got = c.do("SET", key, "moved") {
			if !strings.HasPrefix(got, "-ERR ") || !strings.Contains(got, dead.Addr) {
				t.Errorf("%q does not name %s", got, dead.Addr)
			}
			if failed++; failed > 2 {
				t.Fatalf("%d errors with a limit of 2", failed)
			}
		}
	}
	moved := func() {
		t.Helper()
		for _, key := range keys[1] {
			c.want(bulk("moved"), "GET", key)
			if at := holder(t, servers, key); at < 0 {
				t.Errorf("%s is nowhere", key)
			}
		}
		for _, i := range []int{0, 2, 3} {
			for _, key := range keys[i] {
				dial(t, servers[i].Addr).want(bulk("old"), "GET", key)
				c.want(bulk("old"), "GET", key)
			}
		}
	}
	moved()
	// Nobody knows what it has.
	if got := c.do("DBSIZE"); !strings.HasPrefix(got, "-ERR ") || !strings.Contains(got, dead.Addr) {
		t.Errorf("%q", got)
	}

	u := startUnready(t, dead.Addr, why)
	testkit.Eventually(t, "it is probed some times", func() error {
		if n := u.asked.Load(); n < 4 {
			return fmt.Errorf("%d times", n)
		}
		return nil
	})
	moved()
	u.stop()
	dead.Restart()
	awaitState(t, proxy, dead.Addr, "up")
	testkit.Eventually(t, "it has its keys again", func() error {
		set := c.do("SET", keys[1][0], "home")
		got, err := dead.Do("GET " + keys[1][0])
		if err == nil && got != "home" {
			err = fmt.Errorf("%q, and it is %q there", set, got)
		}
		return err
	})
	for _, key := range keys[1][1:] {
		c.want("$-1\r\n", "GET", key) // it came back empty
	}
}

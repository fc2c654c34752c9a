package redis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"magent/internal/testkit"
)

// TestCompatClose checks that input which the proxy does not understand closes the connection without an error, after
// the replies to earlier requests. Other clients are not affected.
func TestCompatClose(t *testing.T) {
	t.Parallel()
	addr := startPool(t, startServers(t, 2), calm, "compat_close: true").Addr
	other := dial(t, addr)
	for _, wrong := range [][]string{{"BOGUS"}, {"GET"}, {"CONFIG", "GET", "x"}, {"EVAL", "return 1", "x", "k"}} {
		c := dial(t, addr)
		c.send(command("SET", "k", "v") + command("GET", "k") + command(wrong...) + command("GET", "k"))
		if got, want := c.rest(), "+OK\r\n"+bulk("v"); got != want {
			t.Errorf("%q: %q, want %q and the end", wrong, got, want)
		}
		other.want(bulk("v"), "GET", "k")
	}
	for _, forwarded := range [][]string{{"SET", "k"}, {"ZREM", "k"}, {"HSET", "k", "f"}, {"LPUSH", "k"}} {
		other.want("-ERR wrong number of arguments for '"+strings.ToLower(forwarded[0])+"' command\r\n", forwarded...)
	}
	other.wantPrefix("-WRONGTYPE", "LPUSH", "k", "x") // the server's errors close nothing
	other.want(bulk("v"), "GET", "k")
}

// TestClientConnections checks that a client beyond the limit gets an error, and that there is room again when another
// has left.
func TestClientConnections(t *testing.T) {
	t.Parallel()
	addr := startPool(t, startServers(t, 1), calm, "client_connections: 3").Addr
	var clients []*conn
	for range 3 {
		testkit.Eventually(t, "there is room", func() error {
			c := dial(t, addr)
			reply, err := c.try("PING")
			if err == nil && reply == "+PONG\r\n" {
				clients = append(clients, c)
				return nil
			}
			_ = c.Close()
			return fmt.Errorf("%q, %w", reply, errors.Join(err))
		})
	}
	if got := dial(t, addr).rest(); got != "-ERR max number of clients reached\r\n" {
		t.Errorf("the fourth hears %q", got)
	}
	clients[2].want("+OK\r\n", "QUIT")
	if rest := clients[2].rest(); rest != "" {
		t.Errorf("%q behind QUIT", rest)
	}
	testkit.Eventually(t, "there is room again", func() error {
		c, err := open(addr)
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		if reply, err := c.try("PING"); err != nil || reply != "+PONG\r\n" {
			return fmt.Errorf("%q, %w", reply, errors.Join(err))
		}
		return nil
	})
	clients[0].want("+PONG\r\n", "PING")
}

// TestDrain checks that requests in flight at SIGTERM are answered. Then the connection is closed, and the exit code
// is 0.
func TestDrain(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	proxy := startDraining(t, []*testkit.Redis{server}, calm)
	c := dial(t, proxy.Addr)
	c.want("+OK\r\n", "SET", "k", "v")
	server.Pause()
	c.send(command("PING") + command("GET", "k") + command("MULTI") + command("GET", "k") + command("EXEC"))
	if got := c.reply(); got != "+PONG\r\n" { // all of it was read
		t.Fatalf("%q", got)
	}
	proxy.Terminate()
	testkit.Eventually(t, "nobody new is taken on", func() error {
		if other, err := open(proxy.Addr); err == nil {
			_ = other.Close()
			return errors.New("it still listens")
		}
		return nil
	})
	server.Resume()
	if got, want := c.rest(), bulk("v")+"+OK\r\n+QUEUED\r\n*1\r\n"+bulk("v"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if code := proxy.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestReload changes the configuration twenty times while a client of go-redis works: servers change places, and in
// another pool a password and another database come and go. The client sees no error.
func TestReload(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 3)
	main, second := testkit.DeadAddr(t), testkit.DeadAddr(t)
	path := testkit.TempFile(t, "pools.yml", pool(main, servers, calm))
	proxy := startFile(t, path)
	client := goRedis(t, main)
	var ended atomic.Bool
	var asked atomic.Int64
	failed := make(chan error, 1)
	go work(t.Context(), client, &ended, &asked, failed)
	for n := range 20 {
		text := pool(main, []*testkit.Redis{servers[n%3], servers[(n+1)%3], servers[(n+2)%3]}, calm)
		if n%2 == 0 {
			text += pool(second, servers, calm, fmt.Sprintf("redis_db: %d", n%16))
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		before := asked.Load()
		proxy.Signal(syscall.SIGUSR1)
		testkit.Eventually(t, "reloaded, and worked with", func() error {
			if took := strings.Count(proxy.Log(), "configuration reloaded"); took <= n || asked.Load() < before+20 {
				return fmt.Errorf("%d times", took)
			}
			return nil
		})
	}
	ended.Store(true)
	if err := <-failed; err != nil {
		t.Errorf("after %d requests: %v", asked.Load(), err)
	}
	t.Logf("%d requests", asked.Load())
}

// work writes and reads in all possible ways, until it is told to end.
func work(ctx context.Context, c *redis.Client, ended *atomic.Bool, asked *atomic.Int64, done chan<- error) {
	for i := 0; !ended.Load(); i++ {
		key := fmt.Sprint("key", i%100)
		_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.Set(ctx, key, i, 0)
			p.MGet(ctx, "key1", "key2", "key3", "key4")
			p.Exists(ctx, "key1", "key2", "key3", "key4")
			return nil
		})
		if err == nil {
			_, err = c.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Incr(ctx, "{t}a")
				p.Incr(ctx, "{t}b")
				return nil
			})
		}
		if err == nil {
			err = c.DBSize(ctx).Err()
		}
		if err != nil {
			done <- err
			return
		}
		asked.Add(1)
	}
	done <- nil
}

// TestReloadInTransaction checks that queued commands are carried out by the servers of the new configuration, even if
// they could not be queued there.
func TestReloadInTransaction(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	listen := testkit.DeadAddr(t)
	path := testkit.TempFile(t, "pools.yml", pool(listen, servers, calm))
	proxy := startFile(t, path)
	c := dial(t, listen)
	large := strings.Repeat("x", 2<<20)
	c.want("+OK\r\n", "MULTI")
	c.want("+QUEUED\r\n", "SET", "{t}k", large)
	c.want("+QUEUED\r\n", "STRLEN", "{t}k")
	if err := os.WriteFile(path, []byte(pool(listen, servers[1:], calm, "max_value: 1m")), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy.Signal(syscall.SIGUSR1)
	testkit.Eventually(t, "reloaded", func() error {
		if !strings.Contains(proxy.Log(), "configuration reloaded") {
			return errors.New("not yet")
		}
		return nil
	})
	c.want(fmt.Sprintf("*2\r\n+OK\r\n:%d\r\n", len(large)), "EXEC")
	if at := holder(t, servers, "{t}k"); at != 1 {
		t.Errorf("it is on server %d", at)
	}
}

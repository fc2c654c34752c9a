package redis

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"magent/internal/testkit"
)

// unprobed has the settings for pools in which no probe ever finds a server: it comes back by other means.
var unprobed = append([]string{"probe_interval: 3600000"}, quick...)

// hanging is unprobed for pools whose servers hang.
var hanging = append([]string{"probe_interval: 3600000", hangs}, quick[1:]...)

// serves waits until a GET of a key is answered.
func serves(t *testing.T, c *conn, key string) {
	t.Helper()
	testkit.Eventually(t, "an answer", func() error {
		if got := c.do("GET", key); !strings.HasPrefix(got, "$") {
			return fmt.Errorf("%q", got)
		}
		return nil
	})
}

// awaitBack waits until a server is used again on all loops. Without a probe each loop connects to it when it is asked
// for a key there, in each version of the protocol. The clients that ask stay: each new one goes to the loop that has
// the fewest.
func awaitBack(t *testing.T, proxy, server, key string) {
	t.Helper()
	testkit.Eventually(t, server+" is used on all loops", func() error {
		c := dial(t, proxy)
		got := ""
		for _, proto := range protocols {
			c.hello(proto)
			got = c.do("GET", key)
		}
		if state := stateOf(c, server); state != "up" {
			return fmt.Errorf("it is %s, and GET gets %q", state, got)
		}
		return nil
	})
}

// TestBackAfterRestart restarts servers: one while nobody asks for it, and one while requests fail. They are back
// without a probe.
func TestBackAfterRestart(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startPool(t, servers, unprobed...).Addr
	keys := keysOf(t, proxy, servers, 1)
	c := dial(t, proxy)
	servers[0].Kill()
	servers[0].Restart()
	serves(t, c, keys[0][0])

	servers[1].Kill()
	awaitState(t, proxy, servers[1].Addr, "ejected")
	for range 100 {
		if got := c.do("GET", keys[1][0]); !strings.HasPrefix(got, "-ERR "+servers[1].Addr) {
			t.Fatalf("%q", got)
		}
	}
	servers[1].Restart()
	serves(t, c, keys[1][0])
	awaitBack(t, proxy, servers[1].Addr, keys[1][0])
	c.want("+OK\r\n", "MSET", keys[0][0], "x", keys[1][0], "x")
}

// TestFlappingServerDoesNotFillTheLog restarts a server again and again. Ten absences in a row are logged, and then
// one in ten seconds.
func TestFlappingServerDoesNotFillTheLog(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 1)
	began := time.Now()
	proxy := startPool(t, servers, append([]string{"probe_interval: 10"}, quick...)...)
	c := dial(t, proxy.Addr)
	for range 30 {
		servers[0].Kill()
		testkit.Until(t, "an error", func() bool { return strings.HasPrefix(c.do("GET", "k"), "-ERR ") })
		servers[0].Restart()
		awaitState(t, proxy.Addr, servers[0].Addr, "up") // on all loops: else it is the same absence
	}
	most := 10 + 1 + int(time.Since(began)/(10*time.Second))
	log := proxy.Log()
	down, up := strings.Count(log, `"server ejected"`), strings.Count(log, `"server up"`)
	if down < 10 || down > most || up > down {
		t.Errorf("30 absences: %d times down and %d times up, at most %d are expected\n%s", down, up, most, log)
	}
}

// awaitEjected asks for a key whose server hangs, until that is ejected.
func awaitEjected(t *testing.T, c *conn, key string) {
	t.Helper()
	testkit.Eventually(t, "ejected", func() error {
		c.wantPrefix("-ERR ", "GET", key)
		if info := c.do("INFO"); !strings.Contains(info, "state=ejected,") {
			return fmt.Errorf("%s", info)
		}
		return nil
	})
}

// TestBackAfterHanging stops a server until it is ejected. When it goes on, it is used again without a probe.
func TestBackAfterHanging(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 1)
	proxy := startPool(t, servers, hanging...).Addr
	c := dial(t, proxy)
	c.want("+OK\r\n", "SET", "k", "v")
	servers[0].Pause()
	awaitEjected(t, c, "k")
	servers[0].Resume()
	serves(t, c, "k")
	c.want(bulk("v"), "GET", "k")
}

// TestLostConnectionIsMadeAgain ends the proxy's connections to a server under load. Only what was in flight fails.
func TestLostConnectionIsMadeAgain(t *testing.T) {
	servers := startServers(t, 1)
	proxy := startPool(t, servers, unprobed...).Addr
	const clients = 8
	var answered, failed atomic.Int64
	var killed atomic.Bool
	var all sync.WaitGroup
	for range clients {
		c := dial(t, proxy)
		all.Go(func() {
			for after := 0; after < 1000 && failed.Load() <= clients; {
				if got := c.do("SET", "k", "v"); got != "+OK\r\n" {
					failed.Add(1)
				} else if answered.Add(1); killed.Load() {
					after++
				}
			}
		})
	}
	testkit.Until(t, "load", func() bool { return answered.Load() > 1000 })
	admin := dial(t, servers[0].Addr)
	admin.wantPrefix(":", "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	killed.Store(true)
	all.Wait()
	if n := failed.Load(); n > clients {
		t.Errorf("%d errors of %d clients with one request each in flight", n, clients)
	}
}

// TestRequestsWaitForTheAttempt has a server come back that takes its time to answer the first commands. A request
// waits for that. One for several servers is not begun. There is one loop, as each has attempts of its own.
func TestRequestsWaitForTheAttempt(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startOne(t, servers, unprobed...).Addr
	keys := keysOf(t, proxy, servers, 1)
	c, other := dial(t, proxy), dial(t, proxy)
	servers[1].Kill()
	awaitState(t, proxy, servers[1].Addr, "ejected")

	slow := &slowServer{asked: make(chan bool, 100), goOn: make(chan bool)}
	testkit.ServeOn(t, testkit.ListenOn(t, "tcp4", servers[1].Addr), slow.serve)
	waker := dial(t, proxy)
	testkit.Eventually(t, "an attempt", func() error {
		select {
		case <-slow.asked:
			return nil
		default:
			waker.send(command("GET", keys[1][0])) // nobody reads the replies
			return errors.New("nobody asks")
		}
	})
	c.send(command("PING") + command("GET", keys[1][0]))
	c.next("+PONG\r\n") // so all of it was read
	other.wantPrefix("-ERR ", "MSET", keys[0][0], "x", keys[1][0], "x")
	other.want(bulk("old"), "GET", keys[0][0])
	close(slow.goOn)
	c.next(bulk("slow"))
}

// slowServer answers PING and INFO when it may, and then every command.
type slowServer struct {
	asked chan bool // it has been asked something
	goOn  chan bool // closed: it answers
}

func (s *slowServer) serve(c net.Conn) {
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		switch lines.Text() {
		case "PING":
			select {
			case s.asked <- true:
			default:
			}
			<-s.goOn
			_, _ = c.Write([]byte("+PONG\r\n"))
		case "INFO":
			_, _ = c.Write([]byte(bulk("redis_version:7.0.0")))
		case "MULTI", "DISCARD":
			_, _ = c.Write([]byte("+OK\r\n"))
		case "GET":
			_, _ = c.Write([]byte(bulk("slow")))
		}
	}
}

package redis

import (
	"bufio"
	"errors"
	"os/exec"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestClientMessages has clients of several libraries subscribe to two channels. They get what is published, also
// after the server was killed and restarted: all but redigo subscribe again by themselves.
func TestClientMessages(t *testing.T) {
	for name, p := range map[string]struct {
		argv  func(addr string) []string
		hears []string // the first words of its lines
	}{
		"node": {func(addr string) []string {
			host, port := hostPort(t, addr)
			return []string{"node", "scripts/messages.js", harness.NodeModules(t), host, port}
		}, []string{
			"ioredis one ", "ioredis two ", "ioredis t* two ",
			"node-redis one ", "node-redis two ", "node-redis t* two ",
		}},
		"go-redis": {
			func(addr string) []string { return append(goClient("goredis")(t, addr), "messages") },
			[]string{"goredis one ", "goredis two "},
		},
		"rueidis": {
			func(addr string) []string { return append(goClient("rueidis")(t, addr), "messages") },
			[]string{"rueidis one ", "rueidis two "},
		},
		"redigo": {
			func(addr string) []string { return append(goClient("redigo")(t, addr), "messages") },
			[]string{"redigo one ", "redigo two "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testkit.StartRedis(t)
			proxy := startPool(t, []*testkit.Redis{server}, unprobed...).Addr
			lines := listenWith(t, p.argv(proxy))
			hearAll(t, proxy, "before", p.hears, lines)
			server.Kill()
			server.Restart()
			hearAll(t, proxy, "after", p.hears, lines)
		})
	}
}

// listenWith starts a program that prints the messages which it gets.
func listenWith(t *testing.T, argv []string) (lines chan string) {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	in, err := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	lines = make(chan string, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		err := in.Close()
		for range lines { // until it ends
		}
		if err := errors.Join(err, cmd.Wait()); err != nil {
			t.Error(err)
		}
	})
	return lines
}

// hearAll publishes a text until it was heard by all.
func hearAll(t *testing.T, proxy, text string, hears []string, lines chan string) {
	t.Helper()
	c, heard := dial(t, proxy), map[string]bool{}
	testkit.Until(t, "all hear "+text, func() bool {
		c.do("PUBLISH", "one", text)
		c.do("PUBLISH", "two", text)
		for len(lines) > 0 {
			heard[<-lines] = true
		}
		for _, words := range hears {
			if !heard[words+text] {
				return false
			}
		}
		return true
	})
}

package verify

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestClientsAreServedMeanwhile reads the list of keys slowly, so that the server has to wait before it can write
// more. No client may have to wait for that.
func TestClientsAreServedMeanwhile(t *testing.T) {
	t.Parallel()
	const keys, batch = 20_000, 100
	primary, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	// In the list each % takes three bytes.
	key := func(i int) string { return fmt.Sprintf("%s%d", strings.Repeat("%", 240), i) }
	everyKey := func(server *harness.Memcached, request func(key string) string, want string) {
		t.Helper()
		c := harness.Dial(t, server.Addr)
		defer c.Close()
		for i := 0; i < keys; i += batch {
			var requests strings.Builder
			for j := range batch {
				requests.WriteString(request(key(i + j)))
			}
			c.Send(requests.String())
			for range batch {
				if got := c.Reply(); !strings.HasPrefix(got, want) {
					t.Fatalf("got %q", got)
				}
			}
		}
	}
	for _, server := range []*harness.Memcached{primary, backup} {
		everyKey(server, func(key string) string { return harness.Set(key, "v") }, "STORED")
	}
	f := &farm{t: t, primaries: []*harness.Memcached{primary}}
	asked := before(t, f)
	p := testkit.Start(t, "magent verify", harness.Binary(t), "verify", "--rate", "100", "--timeout", "20s",
		"--connect-timeout", "20s", "-s", primary.Addr, "-b", backup.Addr)
	testkit.Eventually(t, "it has begun", asked)
	for _, server := range []*harness.Memcached{backup, primary} {
		everyKey(server, func(key string) string { return "get " + key + "\r\n" }, "VALUE")
		everyKey(server, func(key string) string { return harness.Set(key, "w") }, "STORED")
	}
	if p.Exited() {
		t.Error("it was over before it could be in the way")
	}
	p.Kill()
}

// before returns a check that fails until the servers of the farm have got a few more requests.
func before(t *testing.T, f *farm) func() error {
	hits := func() int {
		n := 0
		for _, p := range f.primaries {
			got, _ := strconv.Atoi(harness.Stats(t, p.Addr, "")["cmd_get"])
			n += got
		}
		return n
	}
	had := hits()
	return func() error {
		if hits() < had+4 {
			return errors.New("no keys were asked for")
		}
		return nil
	}
}

// TestLiveTraffic checks that keys which clients write through magent during the run do not count as different.
// Nothing that is right is repaired, and afterwards each client finds what it wrote last.
func TestLiveTraffic(t *testing.T) {
	t.Parallel()
	f := farmOf(t, nil)
	f.set(2000)
	var stop atomic.Bool
	done := make(chan error)
	go func() {
		done <- harness.Together(4, func(i int) error { return write(f.proxy.Addr, i, &stop) })
	}()
	for _, args := range []string{"", "", "--repair", "--repair --fill", "--repair"} {
		o := f.verify(strings.Fields(args)...)
		if o.code != 0 || len(o.lines) != 1 || !strings.Contains(o.lines[0], ": 0 differ ") {
			t.Errorf("verify %s: exit code %d, %s\n%s", args, o.code, strings.Join(o.lines, "\n"), o.stderr)
		}
	}
	stop.Store(true)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if o := f.verify(); o.code != 0 {
		t.Errorf("afterwards: %q", o.lines)
	}
}

// write writes its own keys until it is told to stop, and then reads them. Every fifth is written much more often.
func write(addr string, id int, stop *atomic.Bool) error {
	c, err := harness.Open(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	last := map[string]string{}
	for n := 0; !stop.Load(); n++ {
		key := fmt.Sprintf("key%d", id+4*(n%400))
		if n%5 == 0 {
			key = fmt.Sprintf("key%d", id+4*(n%3))
		}
		value := fmt.Sprintf("%d-%d", id, n)
		request, want := harness.Set(key, value), "STORED\r\n"
		switch _, there := last[key]; {
		case n%7 == 1:
			request, value = "delete "+key+"\r\n", ""
			want = "" // it may be there from the beginning
		case n%7 == 2 && there && last[key] != "":
			request, want, value = fmt.Sprintf("append %s 0 0 1\r\n+\r\n", key), "STORED\r\n", last[key]+"+"
		case n%7 == 3 && there && last[key] != "":
			request, want, value = fmt.Sprintf("touch %s %d\r\n", key, 1000+n), "TOUCHED\r\n", last[key]
		}
		got, err := c.Try(request)
		if err != nil || want != "" && got != want {
			return fmt.Errorf("%q: %q, %w", request, got, err)
		}
		last[key] = value
	}
	for key, value := range last {
		want := harness.Hit(key, value)
		if value == "" {
			want = "END\r\n"
		}
		if got, err := c.Try("get " + key + "\r\n"); err != nil || got != want {
			return fmt.Errorf("%s: %q, want %q, %w", key, got, want, err)
		}
	}
	return nil
}

// Another program lists the keys of a server at the same time. memcached makes only one list at a time, so the other
// has to wait.
func TestTwoAtATime(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.set(500)
	err := harness.Together(2, func(int) error {
		if o := f.verify("--rate", "1000"); o.code != 0 {
			return fmt.Errorf("exit code %d, %s", o.code, o.stderr)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

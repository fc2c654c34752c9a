package redis

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// reads is a pool with read_from: one master, its replicas, and a Sentinel that does nothing of its own.
type reads struct {
	*harness.Magent
	t        *testing.T
	master   *testkit.Redis
	replicas []*testkit.Redis
	sentinel *testkit.Redis
	hung     *testkit.Redis // it cannot be asked what it was asked for
	args     []string       // of the proxy
	keys     int            // how many of them spread reads
	c        *conn
}

// startReads starts a pool with so many replicas, which get args. options are lines of the pool.
func startReads(t *testing.T, replicas int, args []string, options ...string) *reads {
	t.Helper()
	r := &reads{t: t, master: testkit.StartRedis(t), keys: 60}
	for range replicas {
		r.replicas = append(r.replicas, testkit.StartReplica(t, r.master, args...))
	}
	r.sentinel = testkit.StartSentinels(t, 1, "m", r.master, replicas)[0]
	r.start(options...)
	r.awaitReads(r.replicas...)
	return r
}

// start starts the proxy.
func (r *reads) start(options ...string) {
	r.t.Helper()
	addr := testkit.DeadAddr(r.t)
	text := "alpha:\n  listen: " + addr + "\n  redis: true\n  read_from: replica\n"
	for _, line := range options {
		if strings.HasPrefix(line, "read_from") {
			text = strings.Replace(text, "read_from: replica", line, 1)
		} else {
			text += "  " + line + "\n"
		}
	}
	text += "  servers:\n   - " + testkit.SentinelServer([]*testkit.Redis{r.sentinel}, "m") + ":1\n"
	r.Magent = startAsking(r.t, testkit.TempFile(r.t, "pools.yml", text), r.args...)
	r.c = dial(r.t, addr)
}

// calls returns how often a server was asked for a command, refusals included.
func calls(t *testing.T, s *testkit.Redis, command string) (n int) {
	t.Helper()
	text, err := s.Do("INFO commandstats")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		fields, ok := strings.CutPrefix(strings.TrimSpace(line), "cmdstat_"+command+":")
		for field := range strings.SplitSeq(fields, ",") {
			name, value, _ := strings.Cut(field, "=")
			if count, err := strconv.Atoi(value); ok && err == nil && (name == "calls" || name == "rejected_calls") {
				n += count
			}
		}
	}
	return n
}

// everywhere returns the calls of a command at the master, and then at each replica.
func (r *reads) everywhere(command string) (all []int) {
	for _, s := range append([]*testkit.Redis{r.master}, r.replicas...) {
		n := 0
		if !s.Exited() && s != r.hung {
			n = calls(r.t, s, command)
		}
		all = append(all, n)
	}
	return all
}

// spread reads many keys, and returns how many of them each server was asked for: the master, and then each replica.
func (r *reads) spread() []int {
	r.t.Helper()
	before := r.everywhere("strlen")
	for i := range r.keys {
		if got := r.c.do("STRLEN", fmt.Sprint("key", i)); got != ":0\r\n" {
			r.t.Fatalf("STRLEN: %q", got)
		}
	}
	after := r.everywhere("strlen")
	for i := range after {
		after[i] -= before[i]
	}
	return after
}

// awaitReads waits until these servers, and no others, answer reads.
func (r *reads) awaitReads(servers ...*testkit.Redis) {
	r.t.Helper()
	what := "reads go to"
	for _, s := range servers {
		what += " " + s.Addr
	}
	all := append([]*testkit.Redis{r.master}, r.replicas...)
	testkit.Eventually(r.t, what, func() error {
		got := r.spread()
		for i, s := range all {
			wanted := false
			for _, w := range servers {
				wanted = wanted || w == s
			}
			if wanted != (got[i] > 0) {
				return fmt.Errorf("they went to %v", got)
			}
		}
		return nil
	})
}

// awaitAsked waits until a replica, and not the master, is asked for a command. A replica that was slow to say what it
// replicates is not read for a second.
func (r *reads) awaitAsked(name string, args []string) {
	r.t.Helper()
	testkit.Eventually(r.t, "a replica answers "+args[0], func() error {
		before := r.everywhere(name)
		if got := r.c.do(args...); got[0] == '-' {
			r.t.Errorf("%s: %q", args, got)
		}
		after := r.everywhere(name)
		if after[0] != before[0] || after[1]+after[2] == before[1]+before[2] {
			return fmt.Errorf("master and replicas had %v calls, and now %v", before, after)
		}
		return nil
	})
}

// load reads keys with several clients until stop is called, which returns how many reads there were. Each has to
// succeed.
func (r *reads) load() (stop func() int) {
	const clients = 4
	ended, done := make(chan struct{}), make(chan error, clients)
	counts := make([]int, clients)
	for i := range clients {
		c := dial(r.t, r.Addr)
		go func() { done <- readUntil(c, i, ended, &counts[i]) }()
	}
	return func() (n int) {
		r.t.Helper()
		close(ended)
		for range clients {
			if err := testkit.Await(r.t, "a client", done); err != nil {
				r.t.Error(err)
			}
		}
		for _, c := range counts {
			n += c
		}
		return n
	}
}

func readUntil(c *conn, first int, ended chan struct{}, count *int) error {
	for n := first; ; n++ {
		select {
		case <-ended:
			return nil
		default:
		}
		got, err := c.try("GET", fmt.Sprint("none", n%100))
		if err == nil && n%10 == 0 {
			got, err = c.try("MGET", fmt.Sprint("none", n%100), fmt.Sprint("none", n%99))
			got = strings.TrimPrefix(strings.Replace(got, "$-1\r\n", "", 1), "*2\r\n")
		}
		if err == nil && got != "$-1\r\n" {
			err = errors.New(strings.TrimSpace(got))
		}
		if err != nil {
			return fmt.Errorf("read %d: %w", n, err)
		}
		*count++
		harness.Breathe()
	}
}

// get returns a page.
func get(t *testing.T, url string) string {
	t.Helper()
	reply, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

package proxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// drain starts to drain in the background.
func (r *rig) drain() (drained <-chan struct{}) {
	done := make(chan struct{})
	go drainThen(r.svc, done)
	return done
}

func drainThen(svc *Service, done chan<- struct{}) {
	svc.Drain()
	close(done)
}

// Drain lets requests in flight be answered, sends everybody home, and takes nobody in.
func TestDrain(t *testing.T) {
	for _, threads := range []int{1, 2} {
		r, p, b := pair(t, func(cfg *config.Config) { cfg.Threads = threads })
		idle, busy, other := r.client(), r.client(), r.client()
		for _, c := range []*client{idle, busy, other} {
			c.nothing()
		}
		busy.say("get a\r\nset k 0 0 1\r\nx\r\nget incompl")
		other.say("get a\r\n")
		asks := []*ask{
			testkit.Await(t, "a request", p.asked), testkit.Await(t, "a request", p.asked),
			testkit.Await(t, "a request", p.asked),
		}
		set := b.want("set k 0 0 1\r\nx\r\n")
		drained := r.drain()
		idle.ended()
		if c, err := net.Dial("tcp", r.svc.Addrs()[0]); err == nil {
			if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
				t.Error("a client was taken in while draining")
			}
			c.Close()
		}
		select {
		case <-drained:
			t.Fatal("drained with requests in flight")
		default:
		}
		for _, a := range asks {
			if strings.HasPrefix(a.text, "get") {
				a.answer(valueA)
			} else {
				a.answer("STORED\r\n")
			}
		}
		set.answer("STORED\r\n")
		busy.hear(valueA + "STORED\r\n")
		busy.ended()
		other.hear(valueA)
		other.ended()
		testkit.Await(t, "the end of draining", drained)
	}
}

// What is not answered when the time for draining is over is cut off.
func TestDrainCutsOff(t *testing.T) {
	r, p, _ := pair(t, func(cfg *config.Config) { cfg.DrainTime = 20 * time.Millisecond })
	c := r.client()
	c.say("get a\r\n")
	p.want("get a\r\n")
	testkit.Await(t, "the end of draining", r.drain())
	c.ended()
}

func TestDrainWithoutClients(t *testing.T) {
	r, _, _ := pair(t, func(cfg *config.Config) { cfg.Threads = 2 })
	testkit.Await(t, "the end of draining", r.drain())
}

// Close cuts clients and servers off, and leaves neither a descriptor nor a goroutine nor a file behind.
func TestCloseLeavesNothing(t *testing.T) {
	path := t.TempDir() + "/s"
	f := newFake(t, 0)
	f.answers(func(string) string { return miss })
	for range 3 {
		before := descriptors(t)
		cfg := config.Config{
			Pools: []config.Pool{{
				Listen: []config.Listen{
					{Network: "tcp", Address: "127.0.0.1:0", Backlog: 5},
					{Network: "unix", Address: path, Mode: 0o600, Backlog: 5},
				},
				Servers: []config.Address{f.addr}, Hash: "md5", Distribution: "ketama", Ack: config.AckAll,
				Timeout: time.Hour, ConnectTimeout: time.Hour, ServerFailureLimit: 1, ProbeInterval: time.Hour,
			}},
			Threads: 2, MaxClients: 10, MaxValue: 1000, MaxDirty: 10_000,
		}
		svc, err := Start(Options{Config: cfg, Log: zerolog.Nop(), Version: "test"})
		if err != nil {
			t.Fatal(err)
		}
		for i, addr := range svc.Addrs() {
			c, err := net.Dial([]string{"tcp", "unix"}[i], addr)
			if err != nil {
				t.Fatal(err)
			}
			b := make([]byte, len(miss))
			if _, err := io.WriteString(c, "get a\r\n"); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, b); err != nil || string(b) != miss {
				t.Fatalf("%s: %q, %v", addr, b, err)
			}
			defer c.Close()
			before++ // the client's end
		}
		svc.Close()
		testkit.Eventually(t, "all descriptors are closed", func() error { // the server may still be accepting
			f.mu.Lock()
			for _, c := range f.conns {
				c.Close()
			}
			f.conns = nil
			f.mu.Unlock()
			if after := descriptors(t); after > before {
				return fmt.Errorf("%d descriptors, %d before", after, before)
			}
			return nil
		})
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("the socket's file is still there: %v", err)
		}
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// A Start that fails says why, and leaves nothing behind.
func TestStartFails(t *testing.T) {
	ln := testkit.Listen(t)
	server, _ := config.ParseAddress("127.0.0.1:1")
	good := func() config.Config {
		return config.Config{Threads: 2, MaxClients: 1, Pools: []config.Pool{{
			Listen:  []config.Listen{{Network: "tcp", Address: "127.0.0.1:0", Backlog: 5}},
			Servers: []config.Address{server}, Hash: "md5", Distribution: "ketama", ConnectTimeout: time.Second,
			ProbeInterval: time.Hour,
		}}}
	}
	for name, c := range map[string]struct {
		spoil func(*config.Pool)
		want  string
	}{
		"port in use": {func(p *config.Pool) {
			p.Listen = append(p.Listen, config.Listen{Network: "tcp", Address: ln.Addr().String()})
		}, "cannot listen on " + ln.Addr().String()},
		"not an address": {func(p *config.Pool) { p.Listen[0].Address = "nonsense" }, "nonsense"},
		"a missing folder": {func(p *config.Pool) {
			p.Listen[0] = config.Listen{
				Network: "unix",
				Address: "/nonexistent/s",
			}
		}, "cannot listen on /nonexistent/s"},
		"hash":         {func(p *config.Pool) { p.Hash = "sha9" }, "sha9"},
		"distribution": {func(p *config.Pool) { p.Distribution = "even" }, "even"},
	} {
		before := descriptors(t)
		cfg := good()
		c.spoil(&cfg.Pools[0])
		svc, err := Start(Options{Config: cfg, Log: zerolog.Nop()})
		if err == nil {
			svc.Close()
			t.Errorf("%s: started", name)
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not name %q", name, err, c.want)
		}
		var le *ListenError
		if name == "port in use" && (!errors.As(err, &le) || !errors.Is(err, unix.EADDRINUSE)) {
			t.Errorf("%s: %#v", name, err)
		}
		if after := descriptors(t); after > before {
			t.Errorf("%s: %d descriptors, %d before", name, after, before)
		}
	}
}

// The log has one line for each change of a server, whatever the number of loops.
func TestLogOfStateChanges(t *testing.T) {
	var log testkit.Output
	f, g := newFake(t, 0), newFake(t, 1)
	cfg := config.Config{
		Pools: []config.Pool{{
			Listen:  []config.Listen{{Network: "tcp", Address: "127.0.0.1:0", Backlog: 5}},
			Servers: []config.Address{f.addr}, Backups: []config.Address{g.addr}, Hash: "md5", Distribution: "ketama",
			Ack:     config.AckAll,
			Timeout: time.Hour, ConnectTimeout: testkit.Patience, ServerFailureLimit: 1,
			ProbeInterval: time.Millisecond,
		}},
		Threads: 2, MaxClients: 10, MaxValue: 1000, MaxDirty: 10_000,
	}
	svc, err := Start(Options{Config: cfg, Log: zerolog.New(&log), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer svc.Close()
	r := &rig{t: t, svc: svc}
	up := func(sh *session.Shard) bool { return sh.Pools[0].Health.Readable(0) && sh.Pools[0].Conns[0].Ready() }
	for id := range 2 {
		r.eventually(id, "connected", up)
	}
	r.resets(f)
	for id := range 2 {
		r.eventually(id, "up again", func(sh *session.Shard) bool {
			return up(sh) && sh.Pools[0].Conns[0].Stats.Connects > 1
		})
	}
	testkit.Until(t, "all lines are in the log", func() bool { return log.Lines() > 0 && log.Lines()%2 == 0 })
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) > 4 {
		t.Fatalf("%d lines: %q", len(lines), lines)
	}
	for i, line := range lines {
		want := []string{`"message":"server ejected"`, `"message":"server up"`}[i%2]
		if !strings.Contains(line, want) || !strings.Contains(line, `"server":"`+f.addr.String()+`"`) ||
			!strings.Contains(line, `"role":"primary"`) {
			t.Errorf("line %d: %s", i, line)
		}
	}
}

// An ejection after missed deadlines is logged as that alone, and has the server probed once.
func TestLogOfASoftEjection(t *testing.T) {
	var log testkit.Output
	f := newFake(t, 0)
	cfg := named(f, 1)
	cfg.Pools[0].Servers[0] = f.addr
	cfg.Pools[0].ProbeInterval = time.Hour
	svc, err := Start(Options{Config: cfg, Log: zerolog.New(&log), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(svc.Close)
	r := &rig{t: t, svc: svc}
	c := r.client()
	c.say("get a\r\n")
	f.want("get a\r\n")
	r.expire(0)
	if got := c.line(); !strings.HasPrefix(got, "SERVER_ERROR") {
		t.Fatalf("got %q", got)
	}
	// It is up again as soon as it is connected to.
	text := strings.TrimSuffix(log.String(), "\n")
	first, next, _ := strings.Cut(text, "\n")
	if !strings.Contains(first, "server ejected") || next != "" && !strings.Contains(next, "server up") ||
		strings.Contains(next, "\n") {
		t.Errorf("the log: %q", text)
	}
}

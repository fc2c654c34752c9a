package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"magent/test/harness"
)

// TestMain lets the test binary be the load subprocess of the comparison that it tests.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "load" {
		main()
		return
	}
	harness.Main(m)
}

// scripted is a server on one connection that answers the n-th line, from 0, with answer(n). In the answer, KEY is
// replaced by the key that was asked for.
func scripted(t *testing.T, answer func(n int) string) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		lines := bufio.NewScanner(conn)
		for n := 0; lines.Scan(); n++ {
			if _, err := conn.Write([]byte(strings.ReplaceAll(answer(n), "KEY", lines.Text()[4:]))); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

func TestLoadReportsWrongReplies(t *testing.T) {
	o := loadOptions{threads: 1, duration: 200 * time.Millisecond, workload: script}
	o.sets = 0
	tests := []struct{ name, third, want string }{
		{"right", "END\r\n", ""},
		{"error line", "SERVER_ERROR no\r\n", "SERVER_ERROR no"},
		{"extra reply", "END\r\nEND\r\n", "without a request"},
		{"missing END", "VALUE KEY 0 14\r\nKEYcd\r\n", "no reply for 1s"},
		{"no reply", "", "no reply for 1s"},
		{"another key", "VALUE key-99999999 0 14\r\nkey-99999999cd\r\nEND\r\n", "not asked for"},
	}
	for _, tt := range tests {
		o.addr = scripted(t, func(n int) string {
			if n == 2 {
				return tt.third
			}
			return "END\r\n"
		})
		if o.patience = time.Second; tt.want == "" {
			o.patience = defaultPatience
		}
		res, err := runLoad(t.Context(), o)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if wrong := tt.want != ""; wrong != (res.Wrong > 0) || !strings.Contains(res.Error, tt.want) {
			t.Errorf("%s: %d wrong, %q", tt.name, res.Wrong, res.Error)
		}
		if tt.want == "" && (res.Ops == 0 || res.Misses != res.Gets) {
			t.Errorf("%s: %+v", tt.name, res)
		}
	}
}

func TestLoadEndsWhenTheServerIsGoneOrTheContextIs(t *testing.T) {
	o := loadOptions{threads: 1, patience: defaultPatience, duration: time.Minute, workload: script}
	o.addr = scripted(t, func(int) string { return strings.Repeat("?", maxLine+1) })
	res, err := runLoad(t.Context(), o)
	if err != nil || res.Wrong != 1 {
		t.Errorf("%+v, %v: want 1 wrong reply", res, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	o.addr = scripted(t, func(int) string { return "END\r\n" })
	o.sets = 0
	if _, err := runLoad(ctx, o); err == nil {
		t.Error("a load outlived its context")
	}
}

// memcached starts a real memcached, which must be installed.
func memcached(t *testing.T) *child {
	t.Helper()
	if _, err := exec.LookPath("memcached"); err != nil {
		t.Fatalf("%v: `make deps` installs it", err)
	}
	addrs, err := freeAddrs(1)
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{dir: t.TempDir(), addrs: addrs}
	m, err := c.memcached(t.Context(), "memcached")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.stop)
	return m
}

// measured runs a load for longer and longer, until it has shown enough: a busy machine may give it no time.
func measured(t *testing.T, o loadOptions, enough func(loadResult) bool) loadResult {
	t.Helper()
	for ; ; o.duration *= 2 {
		res, err := runLoad(t.Context(), o)
		if err != nil || res.Wrong > 0 || o.duration > time.Minute {
			t.Fatalf("in %v: %+v, %v", o.duration, res, err)
		}
		if enough(res) {
			return res
		}
	}
}

func TestLoadAgainstMemcached(t *testing.T) {
	m := memcached(t)
	for _, w := range []workload{
		{conns: 1, depth: 1, sets: 10, size: 100, width: 1, keys: 1000},
		{conns: 50, depth: 1, sets: 10, size: 0, width: 1, keys: 1000},
		{conns: 20, depth: 16, sets: 50, size: 1000, width: 1, keys: 1000},
		{conns: 8, depth: 2, sets: 10, size: 100, width: 20, keys: 1000},
		{conns: 8, depth: 4, sets: 50, size: 100_000, width: 3, keys: 50},
	} {
		t.Run(fmt.Sprintf("%+v", w), func(t *testing.T) {
			o := loadOptions{
				addr: m.addr, patience: defaultPatience, threads: min(2, w.conns), pids: pids{m.pid()}, fill: true,
				warm: 20 * time.Millisecond, duration: 150 * time.Millisecond, workload: w,
			}
			res := measured(t, o, func(res loadResult) bool {
				return res.Ops >= 1000 && res.CPU > 0 && res.LoadCPU > 0
			})
			if res.Wrong > 0 || res.Misses > 0 || res.Ops != res.Gets+res.Sets {
				t.Errorf("%+v", res)
			}
			if res.P50 <= 0 || res.P50 > res.P99 || res.P99 > res.P999 {
				t.Errorf("implausible: %+v", res)
			}
			if got, want := res.Sets*100, res.Ops*int64(w.sets); got < want/3 || got > want*3 {
				t.Errorf("%d sets of %d requests, want %d %%", res.Sets, res.Ops, w.sets)
			}
		})
	}
}

// A memcached that forgets keys is noticed when the keys are filled.
func TestLoadCountsMisses(t *testing.T) {
	m := memcached(t)
	w := script
	w.sets, w.width = 0, 5
	res, err := runLoad(t.Context(),
		loadOptions{addr: m.addr, threads: 1, patience: defaultPatience, duration: 50 * time.Millisecond, workload: w})
	if err != nil || res.Wrong > 0 || res.Misses != 5*res.Gets || res.Gets == 0 {
		t.Errorf("%+v, %v: want five misses per get", res, err)
	}
}

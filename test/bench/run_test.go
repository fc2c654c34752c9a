package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// selfComparison compares nutcracker with itself, which needs no program of ours.
func selfComparison(t *testing.T, list string) runOptions {
	t.Helper()
	rows, err := selectRows(list)
	if err != nil {
		t.Fatal(err)
	}
	return runOptions{
		magent: "nutcracker", rows: rows, servers: 2, rounds: 1, warm: 20 * time.Millisecond,
		duration: time.Nanosecond, // until one request has finished
	}
}

func TestComparison(t *testing.T) {
	o := selfComparison(t, "sets, multiget20 ,conn1,redis-mset16,redis-get")
	o.out, o.direct = filepath.Join(t.TempDir(), "report.md"), true
	var out bytes.Buffer
	if err := compare(t.Context(), o, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	saved, err := os.ReadFile(o.out)
	if err != nil || !bytes.Equal(saved, out.Bytes()) {
		t.Errorf("-out: %v, %d bytes of %d", err, len(saved), out.Len())
	}
	if n := strings.Count(out.String(), "| memcached itself |"); n != 3 {
		t.Errorf("memcached itself in %d of 3 rows:\n%s", n, &out)
	}
	if n := strings.Count(out.String(), "| redis itself |"); n != 2 {
		t.Errorf("redis itself in %d of 2 rows:\n%s", n, &out)
	}
}

func TestSmoke(t *testing.T) {
	o := selfComparison(t, "multiget100,large100k")
	o.smoke, o.servers = true, 8
	var out bytes.Buffer
	if err := compare(t.Context(), o, &out, io.Discard); err != nil ||
		!strings.Contains(out.String(), "2 rows, no wrong reply") {
		t.Errorf("%v: %s", err, &out)
	}
}

// stopping is a writer that cancels the run at the first line of progress.
type stopping struct{ cancel context.CancelFunc }

func (s stopping) Write(b []byte) (int, error) {
	s.cancel()
	return len(b), nil
}

func TestInterruptedComparisonLeavesNothingBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	err := compare(ctx, selfComparison(t, ""), io.Discard, stopping{cancel})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestStartErrorsNameTheRemedy(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "magent")
	if err := os.WriteFile(bad, []byte("#!/bin/sh\necho cannot bind\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, magent, want string }{
		{"/nowhere", "nutcracker", "make deps"},
		{os.Getenv("PATH"), filepath.Join(t.TempDir(), "magent"), "make build"},
		{os.Getenv("PATH"), bad, "cannot bind"},
	} {
		t.Setenv("PATH", tt.path)
		o := selfComparison(t, "conns50")
		o.magent = tt.magent
		if err := compare(t.Context(), o, io.Discard, io.Discard); err == nil ||
			!strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: want an error with %q", err, tt.want)
		}
	}
}

func TestCommandLineErrors(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"", "bench run -h"},
		{"run -rows nosuch", `no row "nosuch", there are conns50,`},
		{"run -rounds 0", "must be positive"},
		{"run -servers 0", "must be positive"},
		{"run stray", `unexpected argument "stray"`},
		{"load -addr localhost:1", "must be an IPv4 address and a port"},
		{"load -addr 127.0.0.1:1,localhost:1", "-addr localhost:1: must be an IPv4 address and a port"},
		{"load -pid 1,x", `"x" is no process`},
		{"fleet -rounds 0", "must be positive"},
		{"fleet -magent /nowhere/magent -rounds 1", "/nowhere/magent"},
		{"load -width 129", "-width 129: must be from 1 to 128"},
		{"load -width 9 -keys 8", "at least as many -keys"},
		{"load -t 3 -c 2", "-t 3: must be from 1 to the number of connections"},
	} {
		err := dispatch(t.Context(), strings.Fields(tt.args))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("bench %s: %v; want an error with %q", tt.args, err, tt.want)
		}
	}
}

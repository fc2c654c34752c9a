package verify

import (
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// says checks an error: the exit code, and one line on stderr.
func (o outcome) says(code int, parts ...string) {
	o.t.Helper()
	for _, part := range parts {
		if !strings.Contains(o.stderr, part) {
			o.t.Errorf("stderr %q lacks %q", o.stderr, part)
		}
	}
	if o.code != code || strings.Count(o.stderr, "\n") != 1 || !strings.HasPrefix(o.stderr, "magent: ") {
		o.t.Errorf("exit code %d, want %d; stderr %q", o.code, code, o.stderr)
	}
}

func TestServersThatCannotBeCompared(t *testing.T) {
	t.Parallel()
	primary := harness.StartMemcached(t)
	do(t, primary, harness.Set("k", "v"))
	dead, hole := testkit.DeadAddr(t), testkit.BlackHole(t)
	runPatiently(t, "-s", primary.Addr, "-b", dead).
		says(3, dead, "connection refused", "check that a memcached runs there")
	run(t, "-s", primary.Addr, "-b", dead+","+hole, "--connect-timeout", "8s").says(3, dead, hole, "timeout",
		"--connect-timeout")

	proxy := harness.StartMagent(t, "-s", primary.Addr)
	runPatiently(t, "-s", primary.Addr, "-b", proxy.Addr).says(3, proxy.Addr, "its own address, not that of a proxy")

	idle := harness.StartMemcached(t, "-o", "no_lru_crawler")
	runPatiently(t, "-s", idle.Addr, "-b", primary.Addr).
		says(3, idle.Addr, "lru crawler disabled", "no_lru_crawler")

	hung := harness.StartMemcached(t)
	hung.Pause()
	defer hung.Resume()
	run(t, "-s", primary.Addr, "-b", hung.Addr, "--timeout", "8s").says(3, hung.Addr, "timeout", "raise --timeout")
}

func TestCommandLine(t *testing.T) {
	run(t, "-s", "10.0.0.1").says(2, "no backup given: name the servers with the second copies with -b")
	run(t, "-s", "10.0.0.1", "-b", "10.0.0.2", "--rate", "0").says(2, "--rate 0 is out of range")
	run(t, "-s", "10.0.0.1", "-b", "10.0.0.2", "-p", "1").says(2, "unknown flag -p")
	if o := run(t, "-h"); o.code != 0 || len(o.lines) < 20 || o.stderr != "" {
		t.Errorf("-h: exit code %d, stderr %q, %d lines", o.code, o.stderr, len(o.lines))
	}
}

// Ctrl-C ends the run at once, with the findings so far.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.set(600) // which takes much longer than it may take to send the signal
	do(t, f.backup, "flush_all\r\n")
	all := &farm{t: t, primaries: append(slices.Clone(f.primaries), f.backup)}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd := exec.Command(harness.Binary(t),
			slices.Concat([]string{"verify", "--rate", "50"}, patiently, f.servers())...)
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		asked := before(t, all)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "it has begun", func() error { return asked() })
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		o := outcome{t: t, code: cmd.ProcessState.ExitCode(), stderr: stderr.String()}
		o.says(3, "interrupted: not all keys were compared")
		if !strings.Contains(stdout.String(), "not finished: compared ") {
			t.Errorf("stdout %q", stdout.String())
		}
	}
}

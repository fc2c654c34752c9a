// Package verify runs magent verify with real memcacheds whose copies are equal, differ in every way, or change during
// the run.
package verify

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// patience is how long a comparison may take on a loaded machine.
const patience = 60 * time.Second

// patiently has magent verify wait for servers that have no time.
var patiently = []string{"--timeout", "20s", "--connect-timeout", "20s"}

// farm is two primaries and a backup with magent in front of them.
type farm struct {
	t         *testing.T
	primaries []*harness.Memcached
	backup    *harness.Memcached
	place     []string // how keys are placed
	client    *harness.Client
	proxy     *harness.Magent
	socket    string // of the proxy
}

// still keeps memcached from moving items between its lists. Items that move while the list is made can be missed, and
// the tests count them.
const still = "lru_crawler,no_lru_maintainer"

func newFarm(t *testing.T, place ...string) *farm {
	t.Helper()
	return farmOf(t, []string{"-o", still}, place...)
}

func farmOf(t *testing.T, memcached []string, place ...string) *farm {
	t.Helper()
	f := &farm{t: t, place: place}
	f.primaries = []*harness.Memcached{
		harness.StartMemcached(t, memcached...),
		harness.StartMemcached(t, memcached...),
	}
	f.backup = harness.StartMemcached(t, memcached...)
	f.socket = filepath.Join(t.TempDir(), "control.sock")
	f.proxy = harness.StartMagent(t, append(f.servers(), "--admin-socket", f.socket)...)
	f.client = harness.Dial(t, f.proxy.Addr)
	return f
}

func (f *farm) servers() []string {
	return append([]string{"-s", f.primaries[0].Addr, "-s", f.primaries[1].Addr, "-b", f.backup.Addr}, f.place...)
}

// set stores values through magent.
func (f *farm) set(n int) {
	f.t.Helper()
	for i := range n {
		f.client.Want(harness.Set(fmt.Sprint("key", i), fmt.Sprint("value", i)), "STORED\r\n")
	}
}

// primaryOf returns the primary that holds a key.
func (f *farm) primaryOf(key string) *harness.Memcached {
	f.t.Helper()
	for _, p := range f.primaries {
		if get(f.t, p, key) != "EN\r\n" {
			return p
		}
	}
	f.t.Fatalf("no primary has %s", key)
	return nil
}

// get reads a key from one server: value, flags and time to live.
func get(t *testing.T, server *harness.Memcached, key string) string {
	t.Helper()
	c := harness.Dial(t, server.Addr)
	defer c.Close()
	return c.Do("mg " + key + " v f t\r\n")
}

// do sends requests to one server, each of which must succeed.
func do(t *testing.T, server *harness.Memcached, requests ...string) {
	t.Helper()
	c := harness.Dial(t, server.Addr)
	defer c.Close()
	for _, request := range requests {
		reply := c.Do(request)
		if !slices.Contains([]string{"STORED\r\n", "DELETED\r\n", "TOUCHED\r\n", "HD\r\n", "OK\r\n"}, reply) {
			t.Fatalf("%q: %q", request, reply)
		}
	}
}

// outcome is the result of a run of magent verify.
type outcome struct {
	t      *testing.T
	code   int
	lines  []string // of stdout
	stderr string
	alone  bool // it said that it has found no magent
}

// verify runs magent verify with the servers of the farm. A repair asks the farm's magent.
func (f *farm) verify(args ...string) outcome {
	f.t.Helper()
	all := slices.Concat(f.servers(), args)
	if slices.Contains(args, "--repair") && !slices.Contains(args, "--force") {
		all = append(all, "--admin-socket", f.socket)
	}
	return runPatiently(f.t, all...)
}

func runPatiently(t *testing.T, args ...string) outcome {
	t.Helper()
	return run(t, slices.Concat(patiently, args)...)
}

func run(t *testing.T, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, harness.Binary(t), append([]string{"verify"}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // the exit code says it all
	o := outcome{t: t, code: cmd.ProcessState.ExitCode(), stderr: stderr.String()}
	if line, rest, _ := strings.Cut(o.stderr, "\n"); strings.HasPrefix(line, "magent: no running magent was found ") {
		o.alone, o.stderr = true, rest
	}
	for line := range strings.Lines(stdout.String()) {
		o.lines = append(o.lines, strings.TrimRight(line, "\n"))
	}
	return o
}

// summary matches the parts of the summary that vary: the number of keys, and how long it took.
var summary = regexp.MustCompile(`compared ([0-9]+) keys in [0-9.]+ s`)

// rounded returns a line of the result as the test has it, also if a few keys more were compared. memcached moves keys
// from one of its lists to another while they are read, and such a key is counted twice.
func rounded(line, wanted string) string {
	got := summary.FindStringSubmatch(line)
	if got == nil {
		return line
	}
	n, _ := strconv.Atoi(got[1])
	var keys int
	if _, err := fmt.Sscanf(wanted, "compared %d keys", &keys); err == nil && keys > 0 && n > keys && n <= keys+3 {
		n = keys
	}
	return strings.Replace(line, got[0], fmt.Sprintf("compared %d keys in N s", n), 1)
}

// wants checks the exit code and the lines, in any order except for the last one. stderr must be empty.
func (o outcome) wants(code int, lines ...string) {
	o.t.Helper()
	got := slices.Clone(o.lines)
	if len(got) > 0 {
		last := len(got) - 1
		got[last] = rounded(got[last], lines[len(lines)-1])
		slices.Sort(got[:last])
		slices.Sort(lines[:len(lines)-1])
	}
	if o.code != code || !slices.Equal(got, lines) || o.stderr != "" {
		o.t.Errorf("exit code %d, stderr %q, stdout\n%s\nwant %d and\n%s", o.code, o.stderr, strings.Join(got, "\n"),
			code, strings.Join(lines, "\n"))
	}
}

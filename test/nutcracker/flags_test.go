package nutcracker

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// alike masks what may differ: the version, and the name of an unknown long option, for which twemproxy prints a zero
// byte.
func alike(text string) string {
	text = regexp.MustCompile(`This is nutcracker-\S+`).ReplaceAllString(text, "This is nutcracker-VERSION")
	return regexp.MustCompile(`invalid option -- '(\x00|[^']{2,}|)'`).ReplaceAllString(text, "invalid option -- NAME")
}

// Command lines that end by themselves have the same result with both programs.
func TestCommandLinesBesideTwemproxy(t *testing.T) {
	ours := harness.Nutcracker(t)
	for _, line := range []string{
		"-h", "--help", "-hV", "-V", "--version", "-D", "--describe-stats", "-hD", "-DV", "-t -V", "-d -V",
		"words -V and more", "-V --", "- -V",
		"-x", "-?", "-Vx", "-xV", "-V -x", "--foo", "--foo=1", "--ver", "--verb", "--st 5 -V", "--stats -V", "--=5",
		"--help=1", "--version=3 -h",
		"-c", "-o", "-p", "-a", "-v", "-s", "-i", "-m", "--conf-file", "--output", "--pid-file", "--stats-addr",
		"--verbose", "--stats-port",
		"--stats-interval", "--mbuf-size", "-ts", "-dtc", "-V -c",
		"-v x", "-v -1", "-v 0 -V", "-v 11 -V", "-v 12 -V", "-v 00 -V", "-v= -V", "-vd -V", "-v7 -V", "--verbose=3 -V",
		"--verb 3 -V",
		"-s 0", "-s 1 -V", "-s 65535 -V", "-s 65536", "-s 5x", "-s x", "-s -5", "--stats-port= -V", "--stats-p 0 -V",
		"-i x", "-i -1", "-i 0 -V", "-i 5 -V", "-m x", "-m 0", "-m -5", "-m 1", "-m 511", "-m 512 -V",
		"-m 16777216 -V", "-m16777217 -V", "--mbuf-size=512 -V",
		"-a -V -V", "-o x -c y -p z -a w -V",
		"-t -c /no/such/file", "--test-conf --conf-file=/no/such/file", "-tc/no/such/file", "-t -d -c /no/such/file",
	} {
		want, got := execute(t, append([]string{theirs}, strings.Fields(line)...)...),
			execute(t, append([]string{ours}, strings.Fields(line)...)...)
		if strings.Contains(line, "/no/such/file") {
			reason, rest, _ := strings.Cut(got.stderr, "\n")
			if got.stderr = rest; !strings.Contains(reason, "no such file") {
				t.Errorf("%q: the reason is %q", line, reason)
			}
		}
		if got.code != want.code || got.stdout != want.stdout || alike(got.stderr) != alike(want.stderr) {
			t.Errorf("%q: %d, stdout %q, stderr\n%s\ntwemproxy: %d, stdout %q, stderr\n%s", line, got.code, got.stdout,
				got.stderr, want.code, want.stdout, want.stderr)
		}
	}
}

// Both programs accept the same files. If a file is wrong, our first line has the reason.
func TestFilesBesideTwemproxy(t *testing.T) {
	ours := harness.Nutcracker(t)
	const head, servers = "alpha:\n  listen: 127.0.0.1:22121\n  timeout: 400\n", "  servers:\n   - 127.0.0.1:11211:1\n"
	for name, c := range map[string]struct{ text, place string }{
		"right": {head + servers, ""},
		"names": {head + "  servers:\n   - 127.0.0.1:1:1 a\n   - 127.0.0.1:1:2 b\n", ""},
		"all keys": {head +
			"  hash: murmur\n  hash_tag: \"{}\"\n  distribution: modula\n  backlog: 5\n  preconnect: true\n  " +
			"auto_eject_hosts: true\n  server_failure_limit: 3\n  server_retry_timeout: 5\n" + servers, ""},
		"hash":           {head + "  hash: fnvla_64\n" + servers, ":4:9: "},
		"unknown key":    {head + "  tiemout: 400\n" + servers, ":4:3: "},
		"number":         {"alpha:\n  listen: 127.0.0.1:22121\n  timeout: 4e2\n" + servers, ":3:12: "},
		"no listen":      {"alpha:\n  timeout: 400\n" + servers, ":1:1: "},
		"no servers":     {head, ":1:1: "},
		"no weight":      {head + "  servers:\n   - 127.0.0.1:11211\n", ":5:6: "},
		"same server":    {head + "  servers:\n   - 127.0.0.1:11211:1\n   - 127.0.0.1:11211:1\n", ":6:6: "},
		"same listen":    {head + servers + "beta:\n  listen: 127.0.0.1:22121\n  timeout: 400\n" + servers, ":7:11: "},
		"flow":           {head + "  servers: [127.0.0.1:11211:1]\n", ":"},
		"nothing":        {"", ":"},
		"two documents":  {head + servers + "---\n" + head + servers, ":"},
		"no mapping":     {"- a\n", ":"},
		"tab":            {"alpha:\n\tlisten: 127.0.0.1:22121\n", ":"},
		"redis":          {head + "  redis: true\n  redis_auth: x\n  redis_db: 2\n" + servers, ""},
		"redis db":       {head + "  redis: true\n  redis_db: -2\n" + servers, ":5:13: "},
		"redis_auth off": {head + "  redis_auth: x\n" + servers, ":4:"},
	} {
		path := testkit.TempFile(t, "pools.yml", c.text)
		want, got := execute(t, theirs, "-t", "-c", path), execute(t, ours, "-t", "-c", path)
		verdict := "nutcracker: configuration file '" + path + "' syntax is ok\n"
		if c.place != "" {
			verdict = "nutcracker: configuration file '" + path + "' syntax is invalid\n"
		}
		if got.code != want.code || got.stdout != "" || !strings.HasSuffix(want.stderr, verdict) ||
			!strings.HasSuffix(got.stderr, verdict) {
			t.Errorf("%s: %d, stdout %q, stderr\n%s\ntwemproxy: %d, stderr\n%s", name, got.code, got.stdout,
				got.stderr, want.code, want.stderr)
		}
		if c.place == "" && got.stderr != verdict || c.place != "" && !strings.HasPrefix(got.stderr, path+c.place) {
			t.Errorf("%s: stderr is\n%s", name, got.stderr)
		}
		if c.place == "" {
			continue
		}
		for _, line := range []string{"", "-d"} { // and it is told without -t
			started := execute(t, append([]string{ours, "-c", path, "-o", "", "-p", ""}, strings.Fields(line)...)...)
			if started.code != 1 || started.stderr != got.stderr {
				t.Errorf("%s, started with %q: %d, stderr\n%s", name, line, started.code, started.stderr)
			}
		}
	}
}

// TestNoFile checks that without a file nothing is said about its syntax, except with -t, as twemproxy does.
func TestNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.yml")
	got := execute(t, harness.Nutcracker(t), "-c", path)
	want := fmt.Sprintf("nutcracker: configuration file %q: no such file or directory: name a file of pools with -c\n",
		path)
	if got.code != 1 || got.stdout != "" || got.stderr != want {
		t.Errorf("%d, stdout %q, stderr\n%swant\n%s", got.code, got.stdout, got.stderr, want)
	}
}

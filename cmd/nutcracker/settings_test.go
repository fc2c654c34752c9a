package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const defaults = "level 5, log /var/log/nutcracker/nutcracker.log, config /etc/nutcracker/nutcracker.yml, stats " +
	"0.0.0.0:22222, " +
	"pid /run/nutcracker/nutcracker.pid"

func show(s *settings) string {
	text := fmt.Sprintf("level %d, log %s, config %s, stats %s, pid %s", s.level, s.log, s.config, s.stats(),
		s.pidFile)
	text = strings.Replace(text, defaults, "", 1)
	for _, flag := range []struct {
		name string
		set  bool
	}{{"help", s.help}, {"version", s.version}, {"describe", s.describe}, {"test", s.test}, {"daemon", s.daemonize}} {
		if flag.set {
			text += " " + flag.name
		}
	}
	return strings.TrimSpace(text)
}

func TestParse(t *testing.T) {
	const all = "level 7, log log, config conf, stats [::1]:5, pid pid"
	for line, want := range map[string]string{
		"":                             "",
		"-h":                           "help version",
		"--help":                       "help version",
		"-V":                           "version",
		"-D":                           "version describe",
		"--describe-stats -t -d":       "version describe test daemon",
		"-tdV":                         "version test daemon",
		"some words -t and more":       "test",
		"-t -- -d":                     "test",
		"-t - -d":                      "test daemon",
		"--test --daem --desc --vers":  "version describe test daemon",
		"-i 0 -m 512 -m16777216 -v 99": strings.Replace(defaults, "level 5", "level 11", 1),
		"--mbuf-size=512 -i 100":       "",
		"-v99999999999999999999":       strings.Replace(defaults, "level 5", "level 11", 1),
		"-v 0":                         strings.Replace(defaults, "level 5", "level 0", 1),
		"-o log -c conf -s 5 -a ::1 -p pid --verbose=7":                                  all,
		"-olog -cconf -s5 -a::1 -ppid -v7":                                               all,
		"--out log --conf conf --stats-p 5 --stats-a ::1 --pid pid --verb 7 --stats-i 9": all,
		"-do log": strings.Replace(defaults, "/var/log/nutcracker/nutcracker.log", "log", 1) + " daemon",
		"-a -V":   strings.Replace(defaults, "0.0.0.0", "-V", 1),
	} {
		s, err := parse(strings.Fields(line))
		if err != nil || show(s) != want {
			t.Errorf("%q: %v\n got %s\nwant %s", line, err, show(s), want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for line, want := range map[string]string{
		"-x":                     "invalid option -- 'x'",
		"-Vx":                    "invalid option -- 'x'",
		"-?":                     "invalid option -- '?'",
		"--foo":                  "invalid option -- 'foo'",
		"--ver -V":               "invalid option -- 'ver'", // version or verbose
		"--=5":                   "invalid option -- ''",
		"--help=1":               "invalid option -- 'h'",
		"-c":                     "option -c requires a file name",
		"--output":               "option -o requires a file name",
		"-d -p":                  "option -p requires a file name",
		"-a":                     "option -a requires a string",
		"-v":                     "option -v requires a number",
		"-v x":                   "option -v requires a number",
		"-v -1":                  "option -v requires a number",
		"-v= -V":                 "option -v requires a number",
		"--stats-port= -V":       "option -s requires a number",
		"-ts":                    "option -s requires a number",
		"-s 5x":                  "option -s requires a number",
		"-s 0":                   "option -s value 0 is not a valid port",
		"-s 65536":               "option -s value 65536 is not a valid port",
		"-i x":                   "option -i requires a number",
		"-m x":                   "option -m requires a non-zero number",
		"-m 0":                   "option -m requires a non-zero number",
		"-m 511":                 "mbuf chunk size must be between 512 and 16777216 bytes",
		"--mbuf-size=2000000000": "mbuf chunk size must be between 512 and 16777216 bytes",
	} {
		var stderr bytes.Buffer
		if exit := execute(strings.Fields(line), &stderr); exit != 1 ||
			!strings.HasPrefix(stderr.String(), "nutcracker: "+want+"\nUsage: nutcracker ") {
			t.Errorf("%q: exit code %d, %s, want %s", line, exit, stderr.String(), want)
		}
	}
}

// In the foreground there is a pid file only if it was asked for, and names are absolute.
func TestFiles(t *testing.T) {
	here, _ := os.Getwd()
	for line, want := range map[string]string{
		"":                 "/var/log/nutcracker/nutcracker.log ",
		"-d":               "/var/log/nutcracker/nutcracker.log /run/nutcracker/nutcracker.pid",
		"-o l -p p":        filepath.Join(here, "l") + " " + filepath.Join(here, "p"),
		"-d -o /l -p /p":   "/l /p",
		"--output= --pid=": " ",
	} {
		s, err := parse(strings.Fields(line))
		if err != nil {
			t.Fatal(err)
		}
		log, pid, err := s.files()
		if got := log + " " + pid; err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", line, got, err, want)
		}
	}
}

// Without -c the file is Debian's. If that does not exist, it is twemproxy's own, with its other defaults.
func TestOwnDefaults(t *testing.T) {
	const own = "config conf/nutcracker.yml, stats 0.0.0.0:22222, "
	dir := t.TempDir()
	debian := filepath.Join(dir, "debian.yml")
	there := strings.Replace(defaults, "/etc/nutcracker/nutcracker.yml", debian, 1)
	t.Chdir(dir)
	file := func(name string) {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func(line, want string) {
		t.Helper()
		s, err := parse(strings.Fields(line))
		if err != nil {
			t.Fatal(err)
		}
		s.settle(debian)
		if got := show(s); got != want {
			t.Errorf("%q:\n got %s\nwant %s", line, got, want)
		}
	}
	check("", there)
	file("conf/nutcracker.yml")
	check("", "level 5, log , "+own+"pid")
	check("-d -o l -p p", "level 5, log l, "+own+"pid p daemon")
	check("-c x", strings.Replace(defaults, "/etc/nutcracker/nutcracker.yml", "x", 1))
	file(debian)
	check("", there)
}

func pools(t *testing.T) []config.Pool {
	t.Helper()
	text := "a:\n  listen: localhost:1\n  servers:\n   - 10.0.0.1:1:1\nb:\n  listen: " + t.TempDir() +
		"/s\n  servers:\n   - 10.0.0.1:1:1\n" +
		"c:\n  listen: " + t.TempDir() + "/s 0600\n  servers:\n   - 10.0.0.1:1:1\n"
	pools, _, err := config.LoadText("x.yml", []byte(text), config.Names{
		Hashes:        []string{"fnv1a_64"},
		Distributions: []string{"ketama"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return pools
}

// A socket without a permission is open to everyone if a daemon creates it; otherwise the umask
// decides. A name is looked up.
func TestListeners(t *testing.T) {
	for line, want := range map[string]string{"": "127.0.0.1:1 0 600", "-d": "127.0.0.1:1 777 600"} {
		s, err := parse(strings.Fields(line))
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.options(pools(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		p := o.Config.Pools
		got := fmt.Sprintf("%s %o %o", p[0].Listen[0].Address, p[1].Listen[0].Mode, p[2].Listen[0].Mode)
		if got != want || p[0].ConnectTimeout != config.DefaultConnectTimeout {
			t.Errorf("%q: %s, want %s; connect timeout %v", line, got, want, p[0].ConnectTimeout)
		}
	}
}

func TestEnvironment(t *testing.T) {
	e, err := readEnvironment()
	if err != nil || fmt.Sprintf("%+v %v %q", e.config, e.connect, e.format) !=
		`{Pools:[] Threads:1 MaxClients:0 MaxValue:67108864 MaxDirty:1000000 StateDir: DrainTime:5s `+
			`RequestTimeout:0s IdleTimeout:0s Slow:0s SlowKeys:false `+
			`ResolveInterval:30s VIP:invalid IP Fleet:<nil>} 500ms ""` {
		t.Errorf("defaults: %+v, %v", e, err)
	}
	for name, value := range map[string]string{
		"MAGENT_THREADS": " 3 ", "MAGENT_MAX_CLIENTS": "4", "MAGENT_MAX_VALUE": "5k", "MAGENT_DIRTY_KEYS": "6",
		"MAGENT_STATE_DIR":     "/s",
		"MAGENT_DRAIN_TIMEOUT": "7s", "MAGENT_CONNECT_TIMEOUT": "8ms", "MAGENT_SLOW": "9ms",
		"MAGENT_LOG_FORMAT": "console",
	} {
		t.Setenv(name, value)
	}
	e, err = readEnvironment()
	if err != nil || fmt.Sprintf("%+v %v %q", e.config, e.connect, e.format) !=
		`{Pools:[] Threads:3 MaxClients:4 MaxValue:5120 MaxDirty:6 StateDir:/s DrainTime:7s `+
			`RequestTimeout:0s IdleTimeout:0s Slow:9ms SlowKeys:false `+
			`ResolveInterval:30s VIP:invalid IP Fleet:<nil>} 8ms "console"` {
		t.Errorf("set: %+v, %v", e, err)
	}
	for _, v := range variables {
		if v.name == "MAGENT_STATE_DIR" {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			t.Setenv(v.name, "wrong?")
			if _, err := readEnvironment(); err == nil || !strings.HasPrefix(err.Error(), v.name+` "wrong?" `) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A typing error in a variable is told once, also where nothing runs.
func TestStrangeVariables(t *testing.T) {
	t.Setenv("MAGENT_TREADS", "3")
	told := "nutcracker: warning: MAGENT_TREADS is no variable of nutcracker and has no effect: did you mean " +
		"MAGENT_THREADS?\n"
	right := testkit.TempFile(t, "n.yml", "a:\n  listen: 127.0.0.1:1\n  servers:\n  - 10.0.0.1:1:1\n")
	for line, want := range map[string]int{
		"--wrong": 1, "-c /no/such": 1, "-t -c /no/such": 1, "-t -c " + right: 0, "-o /no/such/log -c " + right: 1,
	} {
		var stderr bytes.Buffer
		exit := execute(strings.Fields(line), &stderr)
		if exit != want || !strings.HasPrefix(stderr.String(), told) || strings.Count(stderr.String(), told) != 1 {
			t.Errorf("%s: %d, %s", line, exit, stderr.String())
		}
	}
}

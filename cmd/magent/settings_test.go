package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magent/cmd/magent/usage"
	"magent/internal/config"
	"magent/internal/run"
	"magent/internal/service"
)

// mustParse parses a correct command line.
func mustParse(t *testing.T, line string) *settings {
	t.Helper()
	s, err := parse(strings.Fields(line), run.Names())
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return s
}

func addressTexts(addresses []config.Address) []string {
	var texts []string
	for _, a := range addresses {
		texts = append(texts, a.String())
	}
	return texts
}

// show formats the important parts of a configuration for comparison.
func show(s *settings) string {
	p := s.config.Pools[0]
	var listen []string
	for _, l := range p.Listen {
		listen = append(listen, l.Address)
	}
	return fmt.Sprintf("listen %v servers %v backups %v", listen, addressTexts(p.Servers), addressTexts(p.Backups))
}

func TestDefaults(t *testing.T) {
	s := mustParse(t, "-s 10.0.0.1")
	want := config.Config{
		Threads: 1, MaxClients: 4096, MaxValue: 1 << 20, MaxDirty: 1_000_000, DrainTime: 5 * time.Second,
		RequestTimeout: 30 * time.Second, ResolveInterval: 30 * time.Second,
		Pools: []config.Pool{{
			Name: "magent", Hash: "md5", Distribution: "ketama", Ack: config.AckAll,
			Listen: []config.Listen{{
				Network: "tcp", Address: "127.0.0.1:11211", Backlog: config.DefaultBacklog,
				KeepAlive: true,
			}},
			Servers: []config.Address{{Network: "tcp", Host: "10.0.0.1", Port: 11211, Weight: 1}},
			Timeout: 200 * time.Millisecond, ConnectTimeout: 500 * time.Millisecond,
			ServerFailureLimit: 2, ProbeInterval: 500 * time.Millisecond, RefillRate: 20_000,
			ServerRetryTimeout: 30 * time.Second, HotRefresh: time.Second,
		}},
	}
	if got := fmt.Sprintf("%+v", s.config); got != fmt.Sprintf("%+v", want) {
		t.Errorf("\n got %s\nwant %+v", got, want)
	}
	if s.daemonize || s.help || s.version || s.user+s.group+s.pidFile != "" || s.log != (service.LogOptions{}) {
		t.Errorf("process: %+v", s)
	}
}

// Command lines from articles and init scripts.
func TestMagent05CommandLines(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{
			"-u root -n 51200 -l 192.168.1.219 -p 12000 -s 192.168.1.219:11211 -s 192.168.1.219:11212 -b " +
				"192.168.1.216:11213",
			"listen [192.168.1.219:12000] servers [192.168.1.219:11211 192.168.1.219:11212] backups " +
				"[192.168.1.216:11213]",
		},
		{
			"-kvDp12000 -s10.0.0.1 -s10.0.0.2 -n4096 -i20",
			"listen [127.0.0.1:12000] servers [10.0.0.1:11211 10.0.0.2:11211] backups []",
		},
		{"-k -p 0 -f /tmp/magent.sock -s 10.0.0.1", "listen [/tmp/magent.sock] servers [10.0.0.1:11211] backups []"},
		{
			"-u www -g www -D -v -i 7 -s 10.0.0.1 -f /tmp/magent.sock",
			"listen [127.0.0.1:11211 /tmp/magent.sock] servers [10.0.0.1:11211] backups []",
		},
	} {
		if got := show(mustParse(t, c.line)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.line, got, c.want)
		}
	}
}

func TestListsAndListeners(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"-s a,b:1 -s c -b d,e", "listen [127.0.0.1:11211] servers [a:11211 b:1 c:11211] backups [d:11211 e:11211]"},
		{"-s /run/mc.sock,[::1]:5:3", "listen [127.0.0.1:11211] servers [/run/mc.sock [::1]:5] backups []"},
		{"-s a -l 10.0.0.9,::1 -p 5", "listen [10.0.0.9:5 [::1]:5] servers [a:11211] backups []"},
		{"-s a -l 10.0.0.9:6 -l 10.0.0.8 -p 5", "listen [10.0.0.9:6 10.0.0.8:5] servers [a:11211] backups []"},
		{"-s a -l 127.0.0.1:0", "listen [127.0.0.1:0] servers [a:11211] backups []"},
		{"-s a -l 127.0.0.1:7 -p 0", "listen [127.0.0.1:7] servers [a:11211] backups []"},
		{"-s a -l 127.0.0.1:7,127.0.0.1 -p 7", "listen [127.0.0.1:7] servers [a:11211] backups []"},
		{"-s a -l localhost,127.0.0.1 -p 7", "listen [127.0.0.1:7] servers [a:11211] backups []"},
		{"-s a -l 127.0.0.1:0,127.0.0.1:0", "listen [127.0.0.1:0 127.0.0.1:0] servers [a:11211] backups []"},
	} {
		s := mustParse(t, c.line)
		if err := run.Resolve(s.config.Pools); err != nil {
			t.Fatal(err)
		}
		if got := show(s); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.line, got, c.want)
		}
	}
}

func TestPlacement(t *testing.T) {
	for line, want := range map[string]string{
		"":                                      "ketama md5",
		"-k":                                    "magent-ketama md5",
		"-k --distribution magent-ketama":       "magent-ketama md5",
		"--distribution magent-ketama":          "magent-ketama md5",
		"--distribution magent":                 "magent djb2",
		"--distribution magent --hash md5":      "magent md5",
		"--hash crc32":                          "ketama crc32",
		"--distribution modula --hash=fnv1a_64": "modula fnv1a_64",
		"--distribution random":                 "random md5",
	} {
		p := mustParse(t, line+" -s a").config.Pools[0]
		if got := p.Distribution + " " + p.Hash; got != want {
			t.Errorf("%q: got %s, want %s", line, got, want)
		}
	}
}

func TestEveryOtherFlag(t *testing.T) {
	s := mustParse(t, "-s a -b b --timeout 1s --connect-timeout=2s --server-failure-limit 3 --probe-interval 4s "+
		"--ack primary --threads 5 --max-value 6k -n 7 --drain-timeout 0s -f s.sock --unix-mask 0777 -u me -g us "+
		"--pid-file p.pid --log-file l.log --log-format console -v -d --hash-tag {} --resolve-interval 8s")
	p := s.config.Pools[0]
	got := fmt.Sprintln(p.Timeout, p.ConnectTimeout, p.ServerFailureLimit, p.ProbeInterval, p.Ack, s.config.Threads,
		s.config.MaxValue,
		s.config.MaxClients, s.config.DrainTime, p.Listen[1].Mode, s.user, s.group, s.log.Format, s.log.Louder,
		s.daemonize, p.HashTag, s.config.ResolveInterval)
	if want := "1s 2s 3 4s primary 5 6144 7 0s 511 me us console 2 true {} 8s\n"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	here, _ := os.Getwd() // a daemon changes its folder, so the names of its files become absolute
	for path, name := range map[string]string{p.Listen[1].Address: "s.sock", s.pidFile: "p.pid", s.log.File: "l.log"} {
		if path != filepath.Join(here, name) {
			t.Errorf("%s became %s", name, path)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("MAGENT_SERVER", "a, b:1")
	t.Setenv("MAGENT_BACKUP", "")
	t.Setenv("MAGENT_PORT", "5")
	t.Setenv("MAGENT_KETAMA", "1")
	t.Setenv("MAGENT_DAEMONIZE", "")
	t.Setenv("MAGENT_MAX_VALUE", "2m")
	t.Setenv("MAGENT_VERSION", "1.2.3")
	s := mustParse(t, "")
	if got, want := show(s), "listen [127.0.0.1:5] servers [a:11211 b:1] backups []"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if s.config.MaxValue != 2<<20 || s.config.Pools[0].Distribution != "magent-ketama" || s.daemonize {
		t.Errorf("got %+v", s)
	}
	s = mustParse(t, "-s c -p6 --ketama=false")
	if got, want := show(s), "listen [127.0.0.1:6] servers [c:11211] backups []"; got != want {
		t.Errorf("the command line has to win:\n got %s\nwant %s", got, want)
	}
	if s.config.Pools[0].Distribution != "ketama" {
		t.Error("--ketama=false has to win over MAGENT_KETAMA=1")
	}
}

// Kubernetes sets MAGENT_PORT in every pod if there is a Service named magent.
func TestKubernetesServiceLink(t *testing.T) {
	t.Setenv("MAGENT_PORT", "tcp://10.96.0.7:11211")
	if got, want := show(mustParse(t, "-s a")), "listen [127.0.0.1:11211] servers [a:11211] backups []"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestEveryFlagHasItsVariable(t *testing.T) {
	for _, f := range newFlags() {
		name := usage.LongName(f)
		if variables(name) == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Setenv("MAGENT_SERVER", "a")
			t.Setenv(variable(name), "wrong?")
			got, err := parse(nil, run.Names())
			if err == nil && !strings.Contains(fmt.Sprintf("%+v", got), "wrong?") {
				t.Errorf("%s is not looked at", variable(name))
			}
		})
	}
}

// A daemon without a log file does not log: until it is ready, its parent reads its stderr for errors.
func TestWhereTheLogGoes(t *testing.T) {
	var stderr strings.Builder
	if o := mustParse(t, "-s a").process(&stderr); o.Process.Log.Default != &stderr {
		t.Error("in the foreground the log goes to stderr")
	}
	if o := mustParse(t, "-s a -d").process(&stderr); o.Process.Log.Default != nil {
		t.Error("in the background it does not")
	}
}

package main

import (
	"bytes"
	"strings"
	"testing"

	"magent/internal/run"
	"magent/internal/testkit"
)

// TestUsageErrors: each error is one line that names the value and the remedy, with exit code 2 and nothing on
// stdout. A want that ends in "..." is the beginning of the line.
func TestUsageErrors(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"", "no server given: name at least one memcached with -s, for example -s 10.0.0.1:11211"},
		{"-p 5", "no server given: name at least one memcached with -s, for example -s 10.0.0.1:11211"},
		{"-s a --timout 5ms", "unknown flag --timout: did you mean --timeout? (-h lists all flags)"},
		{"-s a --servers b", "unknown flag --servers: did you mean --server? (-h lists all flags)"},
		{"verfy -s a", `unknown command "verfy": did you mean verify?`},
		{"stat", `unknown command "stat": did you mean status?`},
		{"help", `unknown command "help": did you mean --help?`},
		{"version", `unknown command "version": did you mean --version?`},
		{"helth", `unknown command "helth": did you mean health?`},
		{"foo", `unexpected argument "foo": every setting has a flag in front, for example -s foo`},
		{"-s a --timeout 5 s", `unexpected argument "s": write --timeout 5s, without a blank`},
		{"-s a --max-value 8 M", `unexpected argument "M": write --max-value 8M, without a blank`},
		{"-s a --ack primary", "--ack needs -b ADDRESS: without a backup every write has one copy"},
		{"-s a --dirty-keys 5", "--dirty-keys needs -b ADDRESS: without a backup nothing is remembered"},
		{"-s a --refill-rate 5", "--refill-rate needs -b ADDRESS: without a backup no server can be refilled"},
		{"-s a --state-dir /d", "--state-dir needs -b ADDRESS: without a backup nothing is remembered"},
		{"-s a --vip 10.0.0.1", "--vip needs -b ADDRESS: without a backup nothing is repaired"},
		{
			"-s a --server-retry-timeout 5s",
			"--server-retry-timeout needs --auto-eject-hosts: otherwise a server is back as soon as it answers",
		},
		{"-s a --watch-config", "--watch-config needs -c FILE, the file to watch"},
		{"-s a --unix-mode 0777", "--unix-mode needs -f PATH, the socket that has the mode"},
		{"-s a --slow-keys --slow 0s", "--slow-keys needs --slow TIME, which says what is logged"},
		{"-s a --slow-keys", "--slow-keys needs --slow TIME, which says what is logged"},
		{"-s a -S", "flag -S is memcached's: write --auth-file FILE (-Y)..."},
		{"-s a -DZ", "flag -Z is memcached's: write --tls-cert FILE and --tls-key FILE"},
		{"-s a -o ssl_chain_cert=x", "flag -o is memcached's: sizes and times have flags of their own (-h)..."},
		{"-s a --tls-cert c", "--tls-cert needs --tls-key FILE..."},
		{"-s a --tls-key k", "--tls-key needs --tls-cert FILE..."},
		{"-s a --tls-client-ca k", "--tls-client-ca needs --tls-cert FILE..."},
		{"-s a --tls-listen a:1", "--tls-listen needs --tls-cert FILE..."},
		{"-s a --tls-cert c --tls-key k --tls-listen a", "--tls-listen a has no port: write HOST:PORT"},
		{"-s a -l 1.2.3.4:5 --tls-cert c --tls-key k --tls-listen 1.2.3.4:5", "--tls-listen 1.2.3.4:5 is..."},
		{"-s a -l notls:1.2.3.4", "-l notls: needs --tls-cert FILE..."},
		{"-s a --server-tls-ca f", "--server-tls-ca needs --server-tls..."},
		{"-s a --server-tls-name n", "--server-tls-name needs --server-tls..."},
		{"-s a --server-tls --server-tls-cert f", "--server-tls-cert needs --server-tls-key FILE..."},
		{"-s a --server-tls --server-tls-key f", "--server-tls-key needs --server-tls-cert FILE..."},
		{"-s /a -b /b --server-tls", "--server-tls has no effect..."},
		{"-s a -l notls:1.2.3.4 --tls-cert c --tls-key k", "--tls-cert has no effect..."},
		{"-s a -x", "unknown flag -x: -h lists all flags"},
		{"-s a --listen", "flag --listen needs a value: --listen ADDRESS"},
		{"a:11211", `unexpected argument "a:11211": every setting has a flag in front, for example -s a:11211`},
		{"-s ,", `-s "," names nothing: write an address, or leave the flag out`},
		{"-s a:99999", `-s "a:99999": port 99999...`},
		{"-s a -b b:x", `-b "b:x": port "x"...`},
		{"--server 300.1.1.1", `--server "300.1.1.1": host "300.1.1.1" is not an IPv4 address...`},
		{"-s a -s a", "-s a:11211 is given twice..."},
		{"-s a -b a", "-b a:11211 is also a primary (-s)..."},
		{"-s 127.0.0.1", "-s 127.0.0.1:11211 is where this proxy itself listens..."},
		{"-s a -p 99999", "-p 99999 is out of range: give a number from 0 to 65535"},
		{"-s a -p http", `-p "http" is not a number: give one from 0 to 65535`},
		{"-s a -p 0", "-p 0 switches TCP off and no unix socket is given: add -f PATH or choose a port with -p"},
		{"-s a -l 1.2.3", `-l address "1.2.3": host "1.2.3" is not an IPv4 address...`},
		{"-s a -l 127.0.0.1,x:y", `-l address "x:y": port "y" is not a number...`},
		{
			"-s a -f /no/such/folder/sock",
			`-f "/no/such/folder/sock": there is no folder /no/such/folder: make it, or choose another path`,
		},
		{"-s a -f /etc/passwd", `-f "/etc/passwd" is there already and no socket: choose another path`},
		{
			"-s a -f /tmp/s --unix-mode 999",
			`--unix-mode "999" is not a file mode: give octal digits from 0 to 0777, such as 0770`,
		},
		{"-s a -n 0", "-n 0 is out of range: give a number from 1 to 10000000"},
		{"-s a -i x", `-i "x" is not a number: give one from 0 to 10000000`},
		{
			"-s a --max-value 1t",
			`--max-value "1t" is not a size: write bytes, or a number with k, m or g behind it, such as 1m`,
		},
		{"-s a --max-value 2g", `--max-value "2g" is out of range: give a size from 1 to 1g`},
		{"-s a --hash mdd5", `--hash "mdd5" is unknown: did you mean md5? (known: ...`},
		{
			"-s a --distribution ketma",
			`--distribution "ketma" is unknown: did you mean ketama? ` +
				`(known: ketama, modula, random, magent, magent-ketama)`,
		},
		{
			"-s a -b b --distribution random",
			"--distribution random cannot find second copies again: choose ketama, or leave -b out",
		},
		{
			"-s a --hash-tag {",
			`--hash-tag "{" is not two bytes: write those that enclose what is hashed, such as "{}"`,
		},
		{"-t", "-t checks a file of pools: name it with -c"},
		{
			"-c /no/such/file",
			`configuration file "/no/such/file": no such file or directory: name a file of pools with -c`,
		},
		{"-c f -s a", "-s contradicts -c f: leave it out, and write servers: into the file"},
		{
			"--config f --unix-mode 0700",
			"--unix-mode contradicts --config f: leave it out, and write listen: into the file",
		},
		{
			"-s a -k --distribution magent",
			"-k means --distribution magent-ketama, which contradicts --distribution magent: leave one out",
		},
		{"-s a --ack both", `--ack "both" is unknown: choose one of all, primary`},
		{"-s a --timeout 500", `--timeout "500" has no unit: write 500ms or 500s`},
		{"-s a --timeout 0s", "--timeout 0s is out of range: give a time from 1ms to 1h0m0s"},
		{
			"-s a --connect-timeout soon",
			`--connect-timeout "soon" is not a time: write a number and a unit, such as 500ms or 2s`,
		},
		{"-s a --server-failure-limit 0", "--server-failure-limit 0 is out of range: give a number from 1 to 1000"},
		{"-s a --probe-interval -1s", "--probe-interval -1s is out of range: give a time from 1ms to 1h0m0s"},
		{"-s a --threads 0", "--threads 0 is out of range: give a number from 1 to 256"},
		{
			"-s a --drain-timeout x",
			`--drain-timeout "x" is not a time: write a number and a unit, such as 500ms or 2s`,
		},
		{"-s a --log-format xml", `--log-format "xml" is unknown: choose one of console, json`},
		{"-s a --log-format jsn", `--log-format "jsn" is unknown: did you mean json? (known: console, json)`},
		{"-s a -d -D", "-d and -D contradict each other: -D stays in the foreground, leave one out"},
		{"-s a -k=maybe", "-k=maybe: this flag is a switch: leave the value out, or write true or false"},
		{"-s a --ketama=maybe", "--ketama=maybe: this flag is a switch: leave the value out, or write true or false"},
	} {
		checkUsage(t, c.line, c.want)
	}
}

// Flags without effect are errors in the commands that ask a running magent, too.
func TestFlagsWithoutEffect(t *testing.T) {
	file := testkit.TempFile(t, "passwords", "user:password\n")
	for _, c := range []struct{ line, want string }{
		{"status --admin-socket /s --admin-token-file t", "--admin-token-file is for a port of --admin..."},
		{"top --admin-socket /s --admin-token-file t", "--admin-token-file is for a port of --admin..."},
		{"reload --pid-file p --admin-socket /s", "--admin-socket and --pid-file contradict each other..."},
		{"health --readyz 1 --admin-socket /s", "--admin-socket and --readyz contradict each other: leave one out"},
		{"health --readyz 1 --auth-file FILE", "--auth-file is for a pool, and --readyz asks for..."},
		{"health --redis --admin-socket /s", "--redis is for a pool, and --admin-socket asks..."},
		{"health --redis --auth-file FILE", "--auth-file is for a pool of memcacheds: leave it, or --redis, out"},
	} {
		checkUsage(t, strings.ReplaceAll(c.line, "FILE", file), c.want)
	}
}

func TestEnvironmentErrors(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"MAGENT_PORT", "99999", "MAGENT_PORT 99999 is out of range: give a number from 0 to 65535"},
		{"MAGENT_BACKUP", "b:x", `MAGENT_BACKUP "b:x": port "x"...`},
		{"MAGENT_DAEMONIZE", "maybe", "MAGENT_DAEMONIZE=maybe: this is a switch: write true or false"},
		{"MAGENT_TIMEOUT", "5", `MAGENT_TIMEOUT "5" has no unit: write 5ms or 5s`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			checkUsage(t, "-s a", c.want)
		})
	}
}

// TestVariablesWithoutEffect: they may be set for magents of any kind, as in a unit of systemd.
func TestVariablesWithoutEffect(t *testing.T) {
	for _, p := range partners {
		if p.other == flagBackup {
			t.Setenv(variable(p.flag), map[string]string{flagVIP: "10.0.0.1", flagAck: "primary"}[p.flag])
		}
	}
	t.Setenv(variable(flagState), t.TempDir())
	mustParse(t, "-s a")
}

func TestStrangeVariables(t *testing.T) {
	for _, name := range []string{
		"MAGENT_SERVICE_HOST", "MAGENT_SERVICE_PORT", "MAGENT_SERVICE_PORT_MEMCACHED", "MAGENT_PORT_12000_TCP",
		"MAGENT_PORT_12000_TCP_ADDR", "MAGENT_PORT_12000_TCP_PROTO", "MAGENT_VERSION", "MAGENT_BIN", "MAGENT_",
		"OTHER_TIMEOUTS",
	} {
		t.Setenv(name, "x")
	}
	if s := mustParse(t, "-s a"); len(s.warnings) > 0 {
		t.Errorf("%q", s.warnings)
	}
	t.Setenv("MAGENT_TIMOUT", "5s")
	want := "MAGENT_TIMOUT is no variable of magent and has no effect: did you mean MAGENT_TIMEOUT?"
	if s := mustParse(t, "-s a"); len(s.warnings) != 1 || s.warnings[0] != want {
		t.Errorf("%q", s.warnings)
	}
	for _, line := range []string{
		"health 127.0.0.1:1", "verify -s 127.0.0.1:1 -b 127.0.0.1:2", "status --admin-socket /no/such",
		"top --admin 1", "drain a --admin-socket /no/such", "undrain a --admin-socket /no/such",
		"reload --admin-socket /no/such",
		"health --wrong", "verify --wrong", "status --wrong", "top --wrong", "drain --wrong", "undrain --wrong",
		"reload --wrong", "witness", "witness --wrong", "", "--wrong", "-s a:b", "-t -c /no/such", "-c /no/such",
	} {
		var stdout, stderr bytes.Buffer
		exit := execute(strings.Fields(line), run.Names(), &stdout, &stderr)
		told := "magent: warning: " + want + "\n"
		if exit == 0 || !strings.HasPrefix(stderr.String(), told) || strings.Count(stderr.String(), told) != 1 {
			t.Errorf("%s: %d, %s", line, exit, stderr.String())
		}
	}
	for _, line := range []string{"complete sta", "completion bash", "man", "-h", "-V"} {
		var stdout, stderr bytes.Buffer
		if exit := execute(strings.Fields(line), run.Names(), &stdout, &stderr); exit != 0 || stderr.Len() > 0 {
			t.Errorf("%s: %d, %s", line, exit, stderr.String())
		}
	}
}

// A switch that is off, and a value that holds without its variable, are as good as not given.
func TestVariablesThatSayNothing(t *testing.T) {
	for _, c := range []struct{ name, value, line string }{
		{"MAGENT_WATCH_CONFIG", "false", "-s a"},
		{"MAGENT_WATCH_CONFIG", "0", "-s a"},
		{"MAGENT_SLOW_KEYS", "false", "-s a"},
		{"MAGENT_DIRTY_KEYS", "1000000", "-s a"},
		{"MAGENT_SERVER_TLS", "false", "-c FILE"},
		{"MAGENT_KETAMA", "false", "-c FILE"},
		{"MAGENT_AUTO_EJECT_HOSTS", "false", "-c FILE"},
		{"OTHER", "", "-c FILE --ketama=false --auto-eject-hosts=false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			file := testkit.TempFile(t, "pools.yml",
				"a:\n  listen: 127.0.0.1:1\n  timeout: 9\n  servers:\n  - 10.0.0.1:1:1\n")
			if s := mustParse(t, strings.ReplaceAll(c.line, "FILE", file)); len(s.warnings) > 0 {
				t.Errorf("%q", s.warnings)
			}
		})
	}
	for _, c := range []struct{ name, value, line, want string }{
		{"MAGENT_WATCH_CONFIG", "true", "-s a", "MAGENT_WATCH_CONFIG has no effect: it needs -c FILE..."},
		{"MAGENT_DIRTY_KEYS", "7", "-s a", "MAGENT_DIRTY_KEYS has no effect: it needs -b ADDRESS..."},
		{"MAGENT_SLOW_KEYS", "true", "-s a --slow 0s", "MAGENT_SLOW_KEYS has no effect: it needs --slow TIME..."},
	} {
		t.Run(c.name+" "+c.value, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			start, _ := strings.CutSuffix(c.want, "...")
			if s := mustParse(t, c.line); len(s.warnings) != 1 || !strings.HasPrefix(s.warnings[0], start) {
				t.Errorf("%q", s.warnings)
			}
		})
	}
}

// A variable that has no effect without another flag is told, and is no error: the unit sets it for all.
func TestVariablesWithoutPartners(t *testing.T) {
	t.Setenv("MAGENT_VIP", "10.0.0.1")
	want := "MAGENT_VIP has no effect: it needs -b ADDRESS: without a backup nothing is repaired"
	if s := mustParse(t, "-s a"); len(s.warnings) != 1 || s.warnings[0] != want {
		t.Errorf("%q", s.warnings)
	}
	if s := mustParse(t, "-s a -b b"); len(s.warnings) > 0 {
		t.Errorf("%q", s.warnings)
	}
}

func checkUsage(t *testing.T, line, want string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	exit := execute(strings.Fields(line), run.Names(), &stdout, &stderr)
	got := stderr.String()
	start, open := strings.CutSuffix("magent: "+want, "...")
	right := got == start+"\n" || open && strings.HasPrefix(got, start)
	if !right || exit != exitUsage || stdout.Len() > 0 || strings.Count(got, "\n") != 1 {
		t.Errorf("magent %s: exit code %d, stdout %q, stderr\n got %swant magent: %s", line, exit, stdout.String(),
			got, want)
	}
}

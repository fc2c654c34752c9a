package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"magent/backend/ring"
	"magent/cmd/magent/usage"
	"magent/internal/config"
	"magent/internal/placement"
	"magent/internal/run"
	"magent/internal/testkit"
)

const rightFile = `alpha:
  listen: 127.0.0.1:22121
  hash: fnv1a_64
  distribution: ketama
  timeout: 400
  servers:
   - 10.0.0.1:11211:1
   - 10.0.0.2:11211:2
beta:
  listen: /run/m.sock 0660
  servers:
   - 10.0.0.3:11211:1
`

func TestFileOfPools(t *testing.T) {
	path := testkit.TempFile(t, "pools.yml", rightFile)
	s := mustParse(t, "-c "+path+" --threads 2 --max-value 2m --dirty-keys 7 --connect-timeout 1s")
	if len(s.config.Pools) != 2 || s.file != path || s.config.MaxValue != 2<<20 || s.config.MaxDirty != 7 {
		t.Fatalf("%+v", s)
	}
	for _, p := range s.config.Pools {
		if p.ConnectTimeout != time.Second || p.ServerFailureLimit != 2 {
			t.Errorf("%+v", p)
		}
	}
	if len(s.warnings) != 1 || !strings.HasPrefix(s.warnings[0], path+":9:1: ") {
		t.Errorf("warnings %q", s.warnings)
	}
	if got := s.process(nil); got.File != path || len(got.Process.Warnings) != 1 {
		t.Errorf("%+v", got)
	}
}

// Each flag that configures a pool contradicts -c, typed or as a variable.
func TestFlagsBesideAFile(t *testing.T) {
	path := testkit.TempFile(t, "pools.yml", rightFile)
	known := map[string]bool{}
	for _, k := range poolKeys {
		known[k.flag] = true
		value := "=1"
		if k.flag == flagKetama || k.flag == flagEject {
			value = ""
		}
		want := fmt.Sprintf("--%s contradicts -c %s: leave it out, and write %s: into the file", k.flag, path, k.key)
		checkUsage(t, "-c "+path+" --"+k.flag+value, want)
		t.Run(k.flag, func(t *testing.T) {
			t.Setenv(variable(k.flag), "1")
			checkUsage(t, "-c "+path, fmt.Sprintf("%s contradicts -c %s: leave it out, and write %s: into the file",
				variable(k.flag), path, k.key))
		})
	}
	for _, f := range newFlags() {
		switch topic, name := f.(cli.CategorizableFlag).GetCategory(), usage.LongName(f); {
		case topic != topicServers && topic != topicClients && topic != topicPlace:
		case name == flagConfig || name == flagTest || name == flagWatch || name == flagMaxClients ||
			name == flagMaxValue || name == flagRequest || name == flagIdleTimeout:
		case !known[name]:
			t.Errorf("--%s beside -c is neither refused nor heeded", name)
		}
	}
	t.Setenv("MAGENT_PORT", "tcp://10.96.0.7:11211") // of Kubernetes
	t.Setenv("MAGENT_SERVER", "")
	mustParse(t, "-c "+path)
}

func TestFileInTheEnvironment(t *testing.T) {
	path := testkit.TempFile(t, "pools.yml", rightFile)
	t.Setenv("MAGENT_CONFIG", path)
	if s := mustParse(t, ""); len(s.config.Pools) != 2 {
		t.Errorf("%+v", s.config.Pools)
	}
	checkUsage(t, "-s a", "-s contradicts MAGENT_CONFIG "+path+": leave it out, and write servers: into the file")
}

func TestTestConfig(t *testing.T) {
	right, wrong := testkit.TempFile(t, "pools.yml", rightFile),
		testkit.TempFile(t, "pools.yml",
			"alpha:\n  listen: 127.0.0.1:1\n  hash: fnvla_64\n  tiemout: 4\n  servers:\n   - 10.0.0.1:11211:1\n")
	keyless := testkit.TempFile(t, "pools.yml",
		"alpha:\n  listen: 127.0.0.1:1\n  timeout: 4\n  servers:\n   - 10.0.0.1:11211:1\n   - 10.0.0.2:11211:100\n")
	for _, c := range []struct {
		line string
		exit int
		want string
	}{
		{
			"-t -c " + right, 0,
			"magent: warning: " + right +
				":9:1: pool \"beta\" has no timeout: requests to a server that hangs wait forever; write one, such " +
				"as timeout: 400\n" +
				"magent: configuration file '" + right + "' syntax is ok\n",
		},
		{
			"--test-config --config " + keyless + " -d", 0,
			"magent: warning: " + keyless +
				":5:6: server \"10.0.0.1:11211:1\" gets no key: its weight is too small beside the others; write " +
				"weights that differ less\n" +
				"magent: configuration file '" + keyless + "' syntax is ok\n",
		},
		{
			"-c " + wrong + " -t", 1,
			wrong + ":3:9: hash \"fnvla_64\" is unknown: did you mean fnv1a_64? (known: " +
				strings.Join(ring.HashNames(), ", ") + ")\n" +
				wrong + ":4:3: key \"tiemout\" is unknown: did you mean timeout? (known: ...\n" +
				"magent: configuration file '" + wrong + "' syntax is invalid\n",
		},
	} {
		var stdout, stderr bytes.Buffer
		exit := execute(strings.Fields(c.line), run.Names(), &stdout, &stderr)
		got := stderr.String()
		if i := strings.Index(got, "known: listen"); i >= 0 {
			got = got[:i] + "known: ..." + got[i+strings.Index(got[i:], "\n"):]
		}
		if exit != c.exit || got != c.want || stdout.Len() > 0 {
			t.Errorf("magent %s: exit code %d, stdout %q, stderr\n got %swant %s", c.line, exit, stdout.String(), got,
				c.want)
		}
	}
}

// -t reads the files that a file of pools names, and says all that is wrong with them.
func TestTestConfigReadsFiles(t *testing.T) {
	cert, key := testkit.NewAuthority(t).IssueFiles(t, testkit.Leaf{Name: "127.0.0.1"})
	passwords := testkit.TempFile(t, "passwords", "ann:one\n")
	file := func(cert, passwords, ca string) string {
		return testkit.TempFile(t, "pools.yml", fmt.Sprintf("a:\n  listen: 127.0.0.1:1\n  timeout: 400\n"+
			"  hash: murmur\n  tls_cert: %s\n  tls_key: %s\n  server_auth_file: %s\n  server_tls: true\n"+
			"  server_tls_ca: %s\n  servers:\n   - 127.0.0.1:2:1\n", cert, key, passwords, ca))
	}
	right, nonsense := file(cert, passwords, cert), testkit.TempFile(t, "nonsense", "nonsense")
	wrong := file("/no/such/cert", nonsense, nonsense)
	for path, want := range map[string]string{
		right: "magent: configuration file '" + right + "' syntax is ok\n",
		wrong: "magent: pool \"a\": TLS for clients: /no/such/cert: no such file or directory: " +
			"name a file that can be read\n" +
			"magent: pool \"a\": TLS to servers: " + nonsense + ": there is no certificate in it (PEM)\n" +
			"magent: pool \"a\": the password of servers: " + nonsense + ": line 1 has no ':': write user:password\n" +
			"magent: configuration file '" + wrong + "' names files that cannot be used\n",
	} {
		var stderr bytes.Buffer
		exit := execute([]string{"-t", "-c", path}, run.Names(), io.Discard, &stderr)
		if ok := path == right; (exit == 0) != ok || stderr.String() != want {
			t.Errorf("exit code %d\n got %s\nwant %s", exit, stderr.String(), want)
		}
	}
}

// A pool in a file and the same pool in flags have their keys on the same servers.
func TestFileAndFlagsPlaceAlike(t *testing.T) {
	file := mustParse(t, "-c "+testkit.TempFile(t, "pools.yml",
		"a:\n  listen: 127.0.0.1:1\n  hash: murmur\n  hash_tag: \"{}\"\n  servers:\n"+
			"   - 10.0.0.1:11211:1\n   - 10.0.0.2:11212:3\n   - /run/mc.sock:2\n   - ::1:11213:1\n  backups:\n   - "+
			"10.0.0.4:1:1\n   - 10.0.0.5:1:1\n")).config.Pools[0]
	flags := mustParse(t, "--hash murmur --hash-tag {} -s 10.0.0.1,10.0.0.2:11212:3 -s /run/mc.sock:2 -s "+
		"[::1]:11213 -b 10.0.0.4:1,10.0.0.5:1").config.Pools[0]
	for i := range 1000 {
		key := fmt.Appendf(nil, "user:{%d}:%d", i/3, i)
		if a, b := placed(t, &file, key), placed(t, &flags, key); a != b {
			t.Fatalf("%s: %s in the file, %s in the flags", key, a, b)
		}
	}
}

func placed(t *testing.T, p *config.Pool, key []byte) string {
	t.Helper()
	r, err := placement.New(p)
	if err != nil {
		t.Fatal(err)
	}
	h := r.Hash(key)
	return fmt.Sprint(r.Primaries.Pick(h), r.Backups.Pick(h))
}

// A file that cannot be read is named with the reason, by each command that takes one. Nothing is said of its syntax.
func TestFileThatCannotBeRead(t *testing.T) {
	for _, line := range []string{"", "-t", "-d", "verify", "reload --pid-file /p", "reload --admin-socket /s"} {
		for path, reason := range map[string]string{"/no/such": "no such file or directory", "/": "is a directory"} {
			var stdout, stderr bytes.Buffer
			exit := execute(append(strings.Fields(line), "-c", path), run.Names(), &stdout, &stderr)
			want := fmt.Sprintf("magent: configuration file %q: %s: name a file of pools with -c\n", path, reason)
			if exit == 0 || stdout.Len() > 0 || stderr.String() != want {
				t.Errorf("magent %s -c %s: exit code %d, stdout %q, stderr\n got %swant %s", line, path, exit,
					stdout.String(), stderr.String(), want)
			}
		}
	}
}

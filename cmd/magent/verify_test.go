package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/run"
	"magent/internal/verify"
)

func TestVerifyUsageErrors(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"verify", "no server given: name at least one memcached with -s, for example -s 10.0.0.1:11211"},
		{"verify -s a", "no backup given: name the servers with the second copies with -b, for example -b " +
			"10.0.0.2:11211"},
		{"verify -s a -b a", "-b a:11211 is also a primary (-s)..."},
		{"verify -s a -b b:x", `-b "b:x": port "x"...`},
		{
			"verify -s a -b b -k --distribution modula",
			"-k means --distribution magent-ketama, which contradicts --distribution modula: leave one out",
		},
		{"verify -s a -b b --hash mdd5", `--hash "mdd5" is unknown: did you mean md5?...`},
		{"verify -s a -b b --timeout 5", `--timeout "5" has no unit: write 5ms or 5s`},
		{"verify -s a -b b --rate 0", "--rate 0 is out of range: give a number from 1 to 10000000"},
		{"verify -s a -b b --show -1", "--show -1 is out of range: give a number from 0 to 1000000000"},
		{"verify -s a -b b --fill", "--fill says how to repair: add --repair, or leave it out"},
		{"verify -s a -b b --force", "--force says how to repair: add --repair, or leave it out"},
		{"verify -s a -b b --pool x", "--pool names a pool of a file: add -c FILE, or leave it out"},
		{"verify -c x.yml -s a", "-s contradicts -c x.yml: leave it out, because the file has it (servers:)"},
		{
			"verify -c /no/such.yml",
			`configuration file "/no/such.yml": no such file or directory: name a file of pools with -c`,
		},
		{"verify -s a -b b --repare", "unknown flag --repare: did you mean --repair? (-h lists all flags)"},
		{"verify -s a -b b -p 5", "unknown flag -p: -h lists all flags"},
		{"verify a b", `unexpected argument "a": every setting has a flag in front, for example -s a`},
	} {
		checkUsage(t, c.line, c.want)
	}
}

func TestVerifyFlags(t *testing.T) {
	c, err := parseVerify(strings.Fields("-s a,b:5 -b c -k --timeout 1s --connect-timeout 2s --rate 7 --show 3 "+
		"--repair --fill"), run.Names())
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintln(addressTexts(c.pool.Servers), addressTexts(c.pool.Backups), c.pool.Distribution, c.pool.Hash,
		c.pool.Timeout, c.pool.ConnectTimeout,
		c.rate, c.show, c.repair, c.fill)
	if want := "[a:11211 b:5] [c:11211] magent-ketama md5 1s 2s 7 3 true true\n"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// Servers may come from the variables of the proxy, but not the flags for a single run.
func TestVerifyEnvironment(t *testing.T) {
	t.Setenv("MAGENT_SERVER", "a")
	t.Setenv("MAGENT_BACKUP", "b")
	t.Setenv("MAGENT_REPAIR", "true")
	t.Setenv("MAGENT_RATE", "")
	c, err := parseVerify(nil, run.Names())
	if err != nil || c.repair || c.rate != 20000 || c.show != 1000 || len(c.pool.Servers) != 1 {
		t.Errorf("got %+v, %v", c, err)
	}
}

// The pool to compare is named, or is the only one with copies.
func TestPickPool(t *testing.T) {
	b := []config.Address{{Host: "b"}}
	pools := []config.Pool{
		{Name: "plain"},
		{Name: "alpha", Backups: b},
		{Name: "beta", Backups: b},
		{Name: "gamma", Redis: true},
	}
	for _, c := range []struct {
		pools      []config.Pool
		name, want string
	}{
		{pools, "alpha", "alpha"},
		{pools[:2], "", "alpha"},
		{pools, "", "several pools have backups: name one with --pool (alpha, beta)"},
		{pools[:1], "", "no pool has backups, so there are no copies to compare (pools: plain)"},
		{pools, "plain", `pool "plain" has no backups, so there are no copies to compare`},
		{
			pools, "gamma",
			`pool "gamma" is a Redis pool, whose servers keep their own copies: name a pool of memcacheds with ` +
				`--pool`,
		},
		{pools, "alpah", `pool "alpah" is unknown: did you mean alpha?`},
		{pools, "nonsense", `pool "nonsense" is unknown (pools: plain, alpha, beta, gamma)`},
	} {
		got := ""
		p, err := pickPool(c.pools, c.name)
		if err != nil {
			got = err.Error()
		} else {
			got = p.Name
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.name, got, c.want)
		}
	}
}

func newTestOutput(t *testing.T, line string) (o *verifyOutput, stdout, stderr *bytes.Buffer) {
	t.Helper()
	c, err := parseVerify(strings.Fields(line), run.Names())
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	return newVerifyOutput(c, stdout, stderr), stdout, stderr
}

func TestVerifyOutput(t *testing.T) {
	o, stdout, _ := newTestOutput(t, "-s p,q -b b --show 2")
	o.found(verify.Finding{
		Kind: verify.Value, Key: []byte("k"), Primary: "p:11211", Backup: "b:11211",
		Trouble: "SERVER_ERROR too large",
	})
	o.found(verify.Finding{
		Kind: verify.OnlyBackup, Key: []byte("a b"), Primary: "p:11211", Backup: "b:11211",
		Repaired: true,
	})
	o.found(verify.Finding{Kind: verify.TTL, Key: []byte("c")})
	o.began = time.Now().Add(-1500 * time.Millisecond)
	r := verify.Result{Compared: 9, Repaired: 1, Unsure: 4, Misplaced: []int{0, 5, 6}}
	r.Differ[verify.Value], r.Differ[verify.OnlyBackup], r.Differ[verify.TTL] = 1, 1, 1
	o.summary(&r, nil)
	want := `differs  value  k  primary p:11211  backup b:11211  not repaired: SERVER_ERROR too large
repaired  only-backup  "a b"  primary p:11211  backup b:11211
... and 1 more
misplaced  5 keys  primary q:11211
misplaced  6 keys  backup b:11211
compared 9 keys in 1.5 s: 3 differ (value 1, flags 0, ttl 1, only-primary 0, only-backup 1), repaired 1, unsure 4
`
	if got := stdout.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestVerifyOutputUnfinished(t *testing.T) {
	o, stdout, _ := newTestOutput(t, "-s p -b b")
	o.summary(&verify.Result{Misplaced: []int{0, 0}}, errors.New("nobody there"))
	if stdout.Len() > 0 {
		t.Errorf("nothing was compared, and it says %q", stdout.String())
	}
	o.summary(&verify.Result{Misplaced: []int{0, 0}, Compared: 1}, errors.New("gone"))
	if !strings.HasPrefix(stdout.String(), "not finished: compared 1 keys") {
		t.Errorf("it says %q", stdout.String())
	}
}

// Without a terminal progress is printed as a line now and then.
func TestVerifyProgressLines(t *testing.T) {
	o, stdout, stderr := newTestOutput(t, "-s p -b b")
	o.progress(false, 100, 1000)
	o.told = o.told.Add(-progressInterval)
	o.progress(false, 200, 1000)
	o.progress(false, 300, 1000)
	if got := stderr.String(); got != "magent: 200 of about 1000 items looked at in 0 s\n" || stdout.Len() > 0 {
		t.Errorf("stderr %q, stdout %q", got, stdout.String())
	}
}

func TestKeyText(t *testing.T) {
	for key, want := range map[string]string{
		"user:17": "user:17", "é€": "é€", "a b": `"a b"`, "\x00\n": `"\x00\n"`, "\xff": `"\xff"`, `"x"`: `"\"x\""`,
		"\u200b": `"\u200b"`, `a\x00`: `a\x00`,
	} {
		if got := keyText([]byte(key)); got != want {
			t.Errorf("%q: %s, want %s", key, got, want)
		}
	}
}

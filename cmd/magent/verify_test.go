package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"magent/internal/cause"
	"magent/internal/config"
	"magent/internal/run"
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
		{
			"verify -s a -b b --proxy c",
			"--proxy names a magent that is asked before a repair: add --repair, or leave it out",
		},
		{"verify -s a -b b --admin-socket /s", "--admin-socket names a magent that is asked before a repair..."},
		{
			"verify -s a -b b --proxy c --repair --force",
			"--proxy names a magent to ask, and --force asks none: leave one of them out",
		},
		{"verify -s a -b b --repair --force --admin-socket /s", "--admin-socket names a magent to ask, and..."},
		{
			"verify -s a -b b --repair --proxy c --admin-socket /s",
			"--proxy and --admin-socket contradict each other: leave one out",
		},
		{"verify -s a -b b --pool x", "--pool names a pool of a file: add -c FILE, or leave it out"},
		{"verify -c x.yml --server-tls", "--server-tls contradicts -c x.yml: leave it out..."},
		{"verify -c x.yml --server-auth-file f", "--server-auth-file contradicts -c x.yml: leave it out..."},
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

// An error that says what to do gets no other remedy.
func TestVerifyRemedies(t *testing.T) {
	wrong := cause.Because("its certificate has expired: renew it", errors.New("x509"))
	if got := verifyError(fmt.Errorf("a:1: %w", wrong)).Error(); got != "a:1: its certificate has expired: renew it" {
		t.Error(got)
	}
	if got := verifyError(errors.New("a:1: refused")).Error(); !strings.Contains(got, "check that a memcached runs") {
		t.Error(got)
	}
}

package config

import (
	"strings"
	"testing"
)

func addresses(t *testing.T, texts string) []Address {
	t.Helper()
	var all []Address
	for _, text := range strings.Fields(texts) {
		a, err := ParseAddress(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

func TestValidate(t *testing.T) {
	const (
		twice  = " is given twice: name each "
		backup = " is also a primary (-s), so its keys would have no second copy: name another server"
		loop   = " is where this proxy itself listens: give the proxy another port with -p, or name the server's " +
			"real port"
	)
	for _, c := range []struct{ listen, servers, backups, want string }{
		{"127.0.0.1:12000", "a b:1 /s", "c d:2 /t", ""},
		{"127.0.0.1:12000", "a a:11212 [::1]", "", ""},
		{
			"127.0.0.1:12000", "", "c",
			"no server given: name at least one memcached with -s, for example -s 10.0.0.1:11211",
		},
		{"", "a", "", "-p 0 switches TCP off and no unix socket is given: add -f PATH or choose a port with -p"},
		{"127.0.0.1:1", "a b a:11211", "", "-s a:11211" + twice +
			"server once (a larger share of the keys is a weight: a:11211:2)"},
		{"127.0.0.1:1", "a b a:11211:3", "", "-s a:11211" + twice +
			"server once (a larger share of the keys is a weight: a:11211:2)"},
		{"127.0.0.1:1", "::1 [0:0::1]:11211", "", "-s [0:0::1]:11211" + twice +
			"server once (a larger share of the keys is a weight: [0:0::1]:11211:2)"},
		{"127.0.0.1:1", "localhost 127.0.0.1", "", "-s 127.0.0.1:11211" + twice +
			"server once (a larger share of the keys is a weight: 127.0.0.1:11211:2)"},
		{"127.0.0.1:1", "/s /s:2", "", "-s /s" + twice + "server once (a larger share of the keys is a weight: /s:2)"},
		{"127.0.0.1:1", "a", "b b", "-b b:11211" + twice +
			"backup once (a larger share of the keys is a weight: b:11211:2)"},
		{"127.0.0.1:1", "a b", "c a", "-b a:11211" + backup},
		{"127.0.0.1:11211", "127.0.0.1", "", "-s 127.0.0.1:11211" + loop},
		{"127.0.0.1:11211", "localhost", "", "-s localhost:11211" + loop},
		{"0.0.0.0:11211", "a", "127.0.0.1", "-b 127.0.0.1:11211" + loop},
		{"[::]:11211", "[::1]", "", "-s [::1]:11211" + loop},
		{"0.0.0.0:11211", "10.0.0.1", "", ""},
		{"127.0.0.1:0", "127.0.0.1", "", ""},
		{"10.0.0.1:11211", "127.0.0.1", "", ""},
		{"unix:/s", "/s", "", "-s /s" + loop},
		{"unix:/s", "/t", "", ""},
	} {
		pool := Pool{
			Hash: "md5", Distribution: "ketama", Servers: addresses(t, c.servers),
			Backups: addresses(t, c.backups),
		}
		if path, ok := strings.CutPrefix(c.listen, "unix:"); ok {
			pool.Listen = []Listen{{Network: "unix", Address: path}}
		} else if c.listen != "" {
			pool.Listen = []Listen{{Network: "tcp", Address: c.listen}}
		}
		validate(t, pool, c.want)
	}
}

func TestValidateNames(t *testing.T) {
	pool := Pool{Servers: addresses(t, "a"), Listen: []Listen{{Network: "tcp", Address: "127.0.0.1:1"}}}
	pool.Hash, pool.Distribution = "mdd5", "ketama"
	validate(t, pool, `--hash "mdd5" is unknown: did you mean md5? (known: md5, crc32)`)
	pool.Hash, pool.Distribution = "md5", "ring"
	validate(t, pool, `--distribution "ring" is unknown: choose one of ketama, modula`)
}

func TestValidateNumbers(t *testing.T) {
	for _, c := range []Config{
		{},
		{Threads: 1, MaxClients: 1, MaxValue: 1},
		{MaxClients: 1, MaxValue: 1, Pools: []Pool{{}}},
	} {
		if err := c.Validate(Names{}); err == nil || !strings.Contains(err.Error(), "must be at least 1") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func validate(t *testing.T, pool Pool, want string) {
	t.Helper()
	c := Config{Pools: []Pool{pool}, Threads: 1, MaxClients: 1, MaxValue: 1}
	err := c.Validate(Names{Hashes: []string{"md5", "crc32"}, Distributions: []string{"ketama", "modula"}})
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("listen %v, servers %v, backups %v:\n got %s\nwant %s", pool.Listen, pool.Servers, pool.Backups, got,
			want)
	}
}

package pools

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// theTwemproxy returns the path of twemproxy's program.
func theTwemproxy() string {
	path, err := exec.LookPath("nutcracker")
	if err != nil {
		path = "/usr/sbin/nutcracker" // which is not in everybody's PATH
	}
	return path
}

// startTwemproxy runs twemproxy with a file of pools and waits until it listens.
func startTwemproxy(t *testing.T, file, addr string) *testkit.Process {
	t.Helper()
	_, port, _ := net.SplitHostPort(testkit.DeadAddr(t))
	p := testkit.Start(t, "nutcracker", theTwemproxy(), "-c", file, "-s", port, "-a", "127.0.0.1", "-o",
		filepath.Join(t.TempDir(), "log"))
	testkit.Eventually(t, "nutcracker listens", func() error {
		if p.Exited() {
			t.Fatalf("it ended with code %d", p.ExitCode())
		}
		c, err := harness.Open(addr)
		if err == nil {
			c.Close()
		}
		return err
	})
	return p
}

// magent and twemproxy find each other's keys if they have the same file. So does magent with the same pool in flags.
func TestSamePlacesAsTwemproxy(t *testing.T) {
	servers := memcacheds(t, 4)
	for _, c := range []struct {
		keys  string
		rest  []string // of the four servers' lines
		flags []string // for the same; nil: flags cannot say it
	}{
		{"", []string{":1"}, []string{"--hash", "fnv1a_64"}},
		{
			"  hash: murmur\n  hash_tag: \"{}\"\n",
			[]string{":1", ":3", ":2", ":1"},
			[]string{"--hash", "murmur", "--hash-tag", "{}"},
		},
		{"  hash: md5\n", []string{":2 zeta", ":1 b", ":1 alpha", ":5 Mid5"}, nil},
		{"  hash: hsieh\n  distribution: modula\n", []string{":2 zeta", ":1 b", ":1 alpha", ":3 Mid5"}, nil},
		{
			"  hash: crc16\n  distribution: modula\n",
			[]string{":1", ":3", ":2", ":9"},
			[]string{"--hash", "crc16", "--distribution", "modula"},
		},
	} {
		pool := "  timeout: 20000\n" + c.keys + "  servers:\n" + lines(servers, c.rest...)
		theirs, ours := testkit.DeadAddr(t), testkit.DeadAddr(t)
		startTwemproxy(t, testkit.TempFile(t, "pools.yml", "a:\n  listen: "+theirs+"\n"+pool), theirs)
		proxies := []*harness.Client{harness.Dial(t, theirs)}
		harness.StartMagent(t, "-c", testkit.TempFile(t, "pools.yml", "a:\n  listen: "+ours+"\n"+pool))
		proxies = append(proxies, harness.Dial(t, ours))
		if c.flags != nil {
			for i, s := range servers {
				c.flags = append(c.flags, "-s", s.Addr+c.rest[i%len(c.rest)])
			}
			proxies = append(proxies,
				harness.Dial(t, harness.StartMagent(t, append(c.flags, "--timeout", "20s")...).Addr))
		}
		findEachOther(t, proxies)
	}
}

// findEachOther stores keys through each proxy, and reads them through all.
func findEachOther(t *testing.T, proxies []*harness.Client) {
	t.Helper()
	for i := range 300 {
		key := fmt.Sprintf("user:{%d}:%d", i/2, i)
		if i%3 == 0 {
			key += "ü\xff" // bytes that C takes for negative numbers
		}
		proxies[i%len(proxies)].Want(harness.Set(key, "x"), "STORED\r\n")
		for _, p := range proxies {
			p.Want("get "+key+"\r\n", harness.Hit(key, "x"))
		}
		proxies[0].Want("delete "+key+"\r\n", "DELETED\r\n")
	}
}

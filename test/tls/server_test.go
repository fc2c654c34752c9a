package tls

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// Memcacheds that speak TLS hold all that is written, small or large, by one loop or several, in both versions. One
// that was killed is filled when it is back, and its copy answers meanwhile.
func TestServers(t *testing.T) {
	t.Parallel()
	for _, threads := range []string{"1", "2"} {
		for _, least := range []string{"2", "3"} {
			t.Run(threads+" loops, 1."+least, func(t *testing.T) {
				t.Parallel()
				ca := testkit.NewAuthority(t)
				option := "ssl_min_version=" + least
				primary := harness.StartEncrypted(t, ca, here, option)
				backup := harness.StartEncrypted(t, ca, here, option)
				proxy := harness.StartMagent(t, "-s", primary.Addr, "-b", backup.Addr, "--server-tls",
					"--server-tls-ca", ca.File, "--threads", threads)
				serve(t, proxy, primary, backup)
			})
		}
	}
}

func serve(t *testing.T, proxy *harness.Magent, primary, backup *harness.Encrypted) {
	t.Helper()
	c := harness.Dial(t, proxy.Addr)
	large := strings.Repeat("a line\r\n", 100_000)
	c.Want(harness.Set("large", large), "STORED\r\n")
	var pipeline, replies string
	for i := range 500 {
		key := fmt.Sprint("k", i)
		pipeline += harness.Set(key, key) + "get " + key + "\r\n"
		replies += "STORED\r\n" + harness.Hit(key, key)
	}
	c.Send(pipeline)
	for got := ""; got != replies; {
		more, err := c.TryReply()
		if got += more; err != nil || !strings.HasPrefix(replies, got) {
			t.Fatalf("%v after %d bytes", err, len(got))
		}
	}
	for _, server := range []*harness.Encrypted{primary, backup} {
		has(t, server, "large", large)
		has(t, server, "k499", "k499")
		if got := harness.Stats(t, server.Plain, "settings")["ssl_enabled"]; got != "yes" {
			t.Fatalf("the server does not speak TLS: %q", got)
		}
	}
	primary.Kill()
	harness.AwaitState(t, proxy.Addr, primary.Addr, "ejected")
	c.Want("get large\r\n", harness.Hit("large", large))
	c.Want(harness.Set("k0", "new"), "STORED\r\n")
	primary.Start()
	harness.AwaitState(t, proxy.Addr, primary.Addr, "up")
	has(t, primary, "large", large)
	has(t, primary, "k0", "new")
	testkit.Until(t, "the servers have said what they store", func() bool {
		return harness.ServerStat(t, proxy.Addr, backup.Addr, "curr_items") == "501"
	})
}

// A server whose certificate is not right, or which does not speak TLS, is out of use. One line of the log has the
// reason. When it is right it is used.
func TestWrongServer(t *testing.T) {
	t.Parallel()
	ca, stranger := testkit.NewAuthority(t), testkit.NewAuthority(t)
	for _, c := range []struct {
		what   string
		issuer *testkit.Authority
		leaf   testkit.Leaf
		reason string
	}{
		{"of somebody else", stranger, here, "of an authority that is not known here: name the file"},
		{
			"for another name", ca,
			testkit.Leaf{Name: "cache.test"},
			"its certificate is not for 127.0.0.1, but for cache.test: give it one",
		},
		{
			"expired", ca,
			testkit.Leaf{Name: "127.0.0.1", Expired: true},
			"its certificate has expired, or is not valid yet: renew it",
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			server, backup := harness.StartEncrypted(t, c.issuer, c.leaf), harness.StartEncrypted(t, ca, here)
			proxy := harness.StartMagent(t, "-s", server.Addr, "-b", backup.Addr, "--server-tls", "--server-tls-ca",
				ca.File)
			awaitReason(t, proxy, server.Addr, c.reason)
			harness.Dial(t, proxy.Addr).Want(harness.Set("k", "v"), "STORED\r\n")
			has(t, backup, "k", "v")
			if got := harness.Dial(t, server.Plain).Do("get k\r\n"); got != "END\r\n" {
				t.Errorf("the server was written to: %q", got)
			}
			ca.Renew(t, here, server.Cert, server.Key)
			server.Restart()
			harness.AwaitState(t, proxy.Addr, server.Addr, "up")
			has(t, server, "k", "v")
		})
	}
}

// A server that has no TLS where it is demanded is out of use, whether it answers something else, nothing, or hangs
// up.
func TestServerWithoutTLS(t *testing.T) {
	t.Parallel()
	ca := testkit.NewAuthority(t)
	for what, c := range map[string]struct{ addr, reason string }{
		"memcached": {harness.StartReference(t).Addr, "speak TLS"}, // it depends on random bytes what they answer
		"redis":     {testkit.StartRedis(t).Addr, "speak TLS"},
		"silent":    {testkit.Silent(t), "no connection in time: the server does not go on with the TLS handshake"},
		"hangs up": {
			testkit.Serve(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 10)) }),
			"the server has ended the TLS handshake, so it may not speak TLS",
		},
		"error": {
			testkit.Serve(t, func(c net.Conn) { _, _ = c.Write([]byte("ERROR\r\n")) }),
			"the server does not speak TLS",
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			backup := harness.StartEncrypted(t, ca, here)
			proxy := harness.StartMagent(t, "-s", c.addr, "-b", backup.Addr, "--server-tls", "--server-tls-ca",
				ca.File, "--timeout", testkit.Patience.String(), "--connect-timeout", "2s")
			awaitReason(t, proxy, c.addr, c.reason)
			c := harness.Dial(t, proxy.Addr)
			testkit.Until(t, "the backup serves", func() bool { // a busy machine may connect to it too late
				return c.Do(harness.Set("k", "v")) == "STORED\r\n"
			})
		})
	}
}

// A server that wants a certificate is shown the one of --server-tls-cert, on each connection, also on one after
// another. Without it the server is out of use. --server-tls-name says what the server's certificate is for.
func TestServerWantsCertificate(t *testing.T) {
	t.Parallel()
	ca := testkit.NewAuthority(t)
	cert, key := ca.IssueFiles(t, testkit.Leaf{Name: "magent"})
	leaf := testkit.Leaf{Name: "cache.test"}
	for _, more := range [][]string{{}, {"ssl_session_cache"}} {
		more = append(more, "ssl_verify_mode=2", "ssl_ca_cert="+ca.File)
		server, backup := harness.StartEncrypted(t, ca, leaf, more...), harness.StartEncrypted(t, ca, leaf, more...)
		args := []string{
			"-s", server.Addr, "-b", backup.Addr, "--server-tls", "--server-tls-ca", ca.File,
			"--server-tls-name", "cache.test", "--threads", "2",
		}
		without := harness.StartMagent(t, args...)
		harness.AwaitState(t, without.Addr, server.Addr, "ejected")
		why := harness.ServerStat(t, without.Addr, server.Addr, "last_error")
		if !strings.Contains(why, "certificate") {
			t.Errorf("the reason is %q", why)
		}
		proxy := harness.StartMagent(t, append(args, "--server-tls-cert", cert, "--server-tls-key", key)...)
		c := harness.Dial(t, proxy.Addr)
		for i := range 3 {
			value := fmt.Sprint(i)
			c.Want(harness.Set("k", value), "STORED\r\n")
			has(t, server, "k", value)
			server.Restart()
			for i := range 40 { // so that both loops have connected again
				c.Want(harness.Set(fmt.Sprint("both", i), value), "STORED\r\n")
			}
			harness.AwaitState(t, proxy.Addr, server.Addr, "up")
			has(t, server, "k", value)
		}
		if strings.Contains(proxy.Log(), "ssl") || strings.Contains(proxy.Log(), "tls:") {
			t.Errorf("a handshake has failed:\n%s", proxy.Log())
		}
	}
}

// Certificates of servers, and those that servers are shown, are read again on SIGHUP. Connections stay.
func TestServerRenewal(t *testing.T) {
	t.Parallel()
	ca, next := testkit.NewAuthority(t), testkit.NewAuthority(t)
	server, backup := harness.StartEncrypted(t, ca, here), harness.StartEncrypted(t, ca, here)
	file := ca.File
	const unknown = "its certificate is of an authority that is not known here: name the file"
	proxy := harness.StartMagent(t, "-s", server.Addr, "-b", backup.Addr, "--server-tls", "--server-tls-ca", file)
	c := harness.Dial(t, proxy.Addr)
	c.Want(harness.Set("k", "v"), "STORED\r\n")
	next.Renew(t, here, server.Cert, server.Key)
	server.Restart()
	testkit.Eventually(t, "the reason is known", func() error {
		if got := harness.ServerStat(t, proxy.Addr, server.Addr, "last_error"); !strings.Contains(got, unknown) ||
			!strings.Contains(proxy.Log(), unknown) {
			return errors.New(got)
		}
		return nil
	})
	connects := harness.ServerStat(t, proxy.Addr, backup.Addr, "connects")
	if err := os.WriteFile(file, []byte("nonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	proxy.Signal(syscall.SIGHUP)
	testkit.Until(t, "the error is logged", func() bool {
		return strings.Contains(proxy.Log(), file+": there is no certificate in it")
	})
	if err := os.WriteFile(file, append(ca.PEM, next.PEM...), 0o644); err != nil {
		t.Fatal(err)
	}
	proxy.Signal(syscall.SIGHUP)
	harness.AwaitState(t, proxy.Addr, server.Addr, "up")
	has(t, server, "k", "v")
	if got := harness.ServerStat(t, proxy.Addr, backup.Addr, "connects"); got != connects {
		t.Errorf("%s connections to the other server, before it were %s", got, connects)
	}
}

// Sessions with servers are resumed, in both versions: when a connection is made again, and beside the loops.
func TestServerResumption(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			t.Parallel()
			ca := testkit.NewAuthority(t)
			server := harness.StartReference(t)
			cfg := &tls.Config{Certificates: []tls.Certificate{pairOf(t, ca, here)}, MaxVersion: version}
			r := terminate(t, server.Addr, cfg)
			proxy := harness.StartMagent(t, "-s", r.addr, "--server-tls", "--server-tls-ca", ca.File)
			harness.Dial(t, proxy.Addr).Want(harness.Set("k", "v"), "STORED\r\n")
			if testkit.Await(t, "the first handshake", r.resumed) {
				t.Error("the first session was resumed")
			}
			resumed := 0
			for i := 0; i < 10 && resumed < 2; i++ {
				server.Restart() // which ends all connections
				harness.Dial(t, proxy.Addr).Do(harness.Set("k", "v"))
				if testkit.Await(t, "another handshake", r.resumed) {
					resumed++
				}
			}
			if resumed < 2 {
				t.Errorf("%d sessions were resumed", resumed)
			}
		})
	}
}

// Requests that fill more than a record, or end within one, are all answered: a memcached may leave a part of a record
// in OpenSSL, and then waits for more.
func TestServerPipelines(t *testing.T) {
	t.Parallel()
	ca := testkit.NewAuthority(t)
	server := harness.StartEncrypted(t, ca, here)
	proxy := harness.StartMagent(t, "-s", server.Addr, "--server-tls", "--server-tls-ca", ca.File)
	c := harness.Dial(t, proxy.Addr)
	for round := range 16 {
		var requests, replies string
		add := func(key, value string) {
			requests += harness.Set(key, value) + "get " + key + "\r\n"
			replies += "STORED\r\n" + harness.Hit(key, value)
		}
		switch round % 4 {
		case 0:
			add("large", strings.Repeat("x", 100_000+round))
		case 1: // values of some records, behind each other
			for i := range 10 {
				add(fmt.Sprint("some", i), strings.Repeat("y", 15_000+31*round+i))
			}
		case 2:
			for i := range 2000 {
				add(fmt.Sprint("small", i), strings.Repeat("z", (i*round)%100))
			}
		default:
			for i := range 100 {
				add(fmt.Sprint("middle", i), strings.Repeat("m", 1000+i*round))
			}
		}
		c.Send(requests)
		for got := ""; got != replies; {
			more, err := c.TryReply()
			if got += more; err != nil || !strings.HasPrefix(replies, got) {
				t.Fatalf("round %d: %v after %d of %d bytes", round, err, len(got), len(replies))
			}
		}
	}
}

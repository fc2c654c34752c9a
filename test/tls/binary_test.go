package tls

import (
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// packet is a request of the binary protocol.
func packet(op byte, key, extras, value string) string {
	b := binary.BigEndian.AppendUint16([]byte{0x80, op}, uint16(len(key)))
	b = binary.BigEndian.AppendUint32(append(b, byte(len(extras)), 0, 0, 0), uint32(len(extras)+len(key)+len(value)))
	return string(b) + strings.Repeat("\x00", 12) + extras + key + value
}

// answer reads a reply: its opcode, its code and its body.
func answer(r io.Reader) (string, error) {
	head := make([]byte, 24)
	if _, err := io.ReadFull(r, head); err != nil {
		return "", err
	}
	body := make([]byte, binary.BigEndian.Uint32(head[8:]))
	_, err := io.ReadFull(r, body)
	return fmt.Sprintf("%#x %#x %s", head[1], binary.BigEndian.Uint16(head[6:]), body), err
}

// The binary protocol by TLS, with SASL and two loops, to servers that speak TLS: pipelines, quiet commands, and
// values larger than a record.
func TestBinary(t *testing.T) {
	t.Parallel()
	ca := testkit.NewAuthority(t)
	primary, backup := harness.StartEncrypted(t, ca, here), harness.StartEncrypted(t, ca, here)
	s := start(t, "-s", primary.Addr, "-b", backup.Addr, "--server-tls", "--server-tls-ca", ca.File, "--threads", "2",
		"-Y", writePasswords(t, "ann:one\n"))
	c, conn := dial(t, s.tls, s.config())
	const (
		set, setQuietly, get, noop, auth = 0x01, 0x11, 0x00, 0x0a, 0x21
		flags                            = "\x00\x00\x00\x00"
	)
	expect := func(wants ...string) {
		t.Helper()
		for _, want := range wants {
			if got, err := answer(conn); err != nil || got != want {
				t.Fatalf("%.100q, %v; want %.100q", got, err, want)
			}
		}
	}
	say := func(text string) {
		t.Helper()
		if err := c.TrySend(text); err != nil {
			t.Fatal(err)
		}
	}
	say(packet(auth, "PLAIN", "", "\x00ann\x00one"))
	expect("0x21 0x0 Authenticated")
	large := strings.Repeat("0123456789", 50_000)
	say(packet(set, "large", flags+flags, large) + packet(get, "large", "", ""))
	expect("0x1 0x0 ", "0x0 0x0 "+flags+large)
	var all string
	for i := range 1000 {
		key := fmt.Sprint("k", i)
		all += packet(setQuietly, key, flags+flags, key)
	}
	say(all + packet(noop, "", "", "") + packet(get, "k0", "", "") + packet(get, "k999", "", "") +
		packet(get, "none", "", ""))
	expect("0xa 0x0 ", "0x0 0x0 "+flags+"k0", "0x0 0x0 "+flags+"k999", "0x0 0x1 Not found")
	has(t, primary, "k500", "k500")
	has(t, backup, "large", large)
	primary.Kill()
	say(packet(get, "k7", "", ""))
	expect("0x0 0x0 " + flags + "k7")
	locked, _ := dial(t, s.tls, s.config())
	want(t, locked, "get k7\r\n", "CLIENT_ERROR unauthenticated\r\n")
}

// A magent that was killed finds out by TLS who is connected to the servers, and so is back at once.
func TestAfterKill(t *testing.T) {
	t.Parallel()
	ca := testkit.NewAuthority(t)
	primary, backup := harness.StartEncrypted(t, ca, here), harness.StartEncrypted(t, ca, here)
	address := fmt.Sprintf("127.0.0.1:%d", testkit.ReservePort(t))
	proxy := harness.StartMagent(t, "-s", primary.Addr, "-b", backup.Addr, "--server-tls", "--server-tls-ca", ca.File,
		"--state-dir", t.TempDir(), "-l", address)
	harness.Dial(t, proxy.Addr).Want(harness.Set("k", "v"), "STORED\r\n")
	proxy.Restart()
	harness.AwaitState(t, proxy.Addr, primary.Addr, "up")
	harness.Dial(t, proxy.Addr).Want("get k\r\n", harness.Hit("k", "v"))
	if strings.Contains(proxy.Log(), `"connections":"`) {
		t.Errorf("the servers did not say who is connected:\n%s", proxy.Log())
	}
}

// magent verify has the flags as well, and reads them from a file of pools.
func TestVerify(t *testing.T) {
	t.Parallel()
	ca := testkit.NewAuthority(t)
	const still = "no_lru_maintainer" // or keys that move from list to list are counted twice
	primary, backup := harness.StartEncrypted(t, ca, here, still), harness.StartEncrypted(t, ca, here, still)
	both := []string{"-s", primary.Addr, "-b", backup.Addr}
	secure := append(both, "--server-tls", "--server-tls-ca", ca.File)
	proxy := harness.StartMagent(t, secure...)
	harness.Dial(t, proxy.Addr).Want(harness.Set("k", "v"), "STORED\r\n")
	has(t, backup, "k", "v")
	pools := testkit.TempFile(t, "pools.yml", fmt.Sprintf("a:\n  listen: %s\n  hash: md5\n  timeout: 60000\n"+
		"  server_tls: true\n  server_tls_ca: %s\n  servers:\n  - %s:1\n  backups:\n  - %s:1\n", proxy.Addr, ca.File,
		primary.Addr, backup.Addr))
	verify := func(code int, text string, args ...string) {
		t.Helper()
		got, stdout, stderr := harness.Run(t, append([]string{
			harness.Binary(t), "verify", "--timeout", "20s", "--connect-timeout", "20s",
		}, args...)...)
		if got != code || !regexp.MustCompile(text).MatchString(stdout+stderr) {
			t.Errorf("verify %v: exit code %d\n%s%s; want %d and %q", args, got, stdout, stderr, code, text)
		}
	}
	verify(0, "compared 1 keys", secure...)
	verify(0, "compared 1 keys", "-c", pools)
	verify(3, "of an authority that is not known here", append(both, "--server-tls", "--server-tls-ca",
		testkit.NewAuthority(t).File)...)
	verify(3, "of an authority that is not known here", append(both, "--server-tls")...)
	harness.Dial(t, backup.Plain).Want("delete k\r\n", "DELETED\r\n")
	verify(1, "k", secure...)
	verify(0, "", append(secure, "--repair", "--force")...)
	c := harness.Dial(t, proxy.Addr) // many at once, which fill more than a record
	for i := range 1000 {
		c.Want(harness.Set(fmt.Sprint("k", i), strings.Repeat("v", i)), "STORED\r\n")
	}
	harness.Dial(t, backup.Plain).Want("flush_all\r\n", "OK\r\n")
	verify(0, "repaired 1001", append(secure, "--repair", "--fill")...)
	has(t, backup, "k999", strings.Repeat("v", 999))
	verify(0, "compared 1001 keys .* 0 differ", secure...)
}

// A reload may remove a pool, and with it files that are not there any more.
func TestReloadWithoutFiles(t *testing.T) {
	t.Parallel()
	ca := testkit.NewAuthority(t)
	server := harness.StartEncrypted(t, ca, here)
	at := fmt.Sprintf("127.0.0.1:%d", testkit.ReservePort(t))
	pool := func(name, address, more string) string {
		return fmt.Sprintf("%s:\n  listen: %s\n  hash: md5\n  timeout: 60000\n  servers:\n  - %s:1\n%s", name, address,
			server.Plain, more)
	}
	passwords := writePasswords(t, "ann:one\n")
	second := pool("b", fmt.Sprintf("127.0.0.1:%d", testkit.ReservePort(t)), fmt.Sprintf("  auth_file: %s\n"+
		"  server_auth_file: %[1]s\n  server_tls: true\n  server_tls_ca: %s\n", passwords, ca.File))
	file := testkit.TempFile(t, "pools.yml", pool("a", at, "")+second)
	proxy := harness.StartMagent(t, "-c", file)
	writeFile(t, file, pool("a", at, ""))
	remove(t, passwords, ca.File)
	for n := 1; n <= 2; n++ {
		proxy.Signal(syscall.SIGUSR1)
		testkit.Eventually(t, "the pools are read again", func() error {
			if got := harness.Stats(t, proxy.Addr, "")["proxy_config_reloads"]; got != fmt.Sprint(n) {
				return fmt.Errorf("reloads is %q:\n%s", got, proxy.Log())
			}
			return nil
		})
	}
}

package auth

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// What a client says before it is let in gets the same answers from magent as from memcached -Y, byte for byte. Each
// step waits for its answer: of several at once memcached answers the last one only.
func TestAsMemcached(t *testing.T) {
	t.Parallel()
	file := passwords(t, "ann:one\r\nbob:t:w:o\n")
	reference := harness.StartReference(t, "-Y", file)
	proxy := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr, "-Y", file)
	for _, c := range []struct {
		name  string
		steps []string
	}{
		{"commands are refused", []string{
			"get a\r\n", "version\r\n", "mn\r\n", "stats\r\n", "flush_all\r\n", "delete a\r\n", "set\r\n",
			"set a 0 0\r\n", "set a 0 0 -1\r\n", "set a 0 0 x\r\n", "quit\r\n", "\r\n", "get a\n",
		}},
		{"the first user", []string{login("ann", "one"), harness.Set("k", "v"), "get k\r\n", "mn\r\n"}},
		{"the second user", []string{login("bob", "t:w:o"), "get login\r\n"}},
		{"it takes only the first two words", []string{"set a 0 0 13\r\nann one three\r\n", "get a\r\n"}},
		{"blanks", []string{"  set  a  b  c  11 noreply\r\n  ann   one\r\n", "get a\r\n"}},
		{"a zero byte ends the text", []string{"set a 0 0 9\r\nann one\x00x\r\n", "get a\r\n"}},
		{"wrong, and then right", []string{
			login("ann", "two"), "get a\r\n", login("bob", "one"), login("ann", "one"), "get a\r\n",
		}},
		{"values that name nobody", []string{
			harness.Set("k", "v"), "set k 0 0 0\r\n\r\n", "set k 0 0 4\r\n    \r\n", "set k 0 0 7\r\nann\tone\r\n",
		}},
		{"a value with another end", []string{"set k 0 0 7\r\nann onexx", login("ann", "one"), "get k\r\n"}},
		{"a long value", []string{"set k 0 0 3000\r\n" + strings.Repeat("a ", 1500) + "\r\n", "get k\r\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, p := harness.Dial(t, reference.Addr), harness.Dial(t, proxy.Addr)
			for _, step := range c.steps {
				m.Send(step)
				p.Send(step)
				if want, got := m.Reply(), p.Reply(); got != want {
					t.Fatalf("%.60q: magent says %q, memcached %q", step, got, want)
				}
			}
		})
	}
	for _, addr := range []string{reference.Addr, proxy.Addr} {
		c := harness.Dial(t, addr)
		c.Send(strings.Repeat("x", 3000))
		if rest := c.AwaitEOF(); rest != "" {
			t.Errorf("%s: a line without an end gets %q", addr, rest)
		}
	}
}

// Requests behind the password may come with it, and nothing of what was refused reaches a server.
func TestPipeline(t *testing.T) {
	t.Parallel()
	file, server := passwords(t, "ann:one\n"), harness.StartMemcached(t)
	proxy := harness.StartMagent(t, "-s", server.Addr, "--auth-file", file)
	c := harness.Dial(t, proxy.Addr)
	c.Send(harness.Set("a", "b") + "flush_all\r\n" + harness.Set("k", harness.Set("stolen", "x")))
	c.Send(login("ann", "no") + "get k\r\n" + login("ann", "one") + harness.Set("k", "v") + "get k\r\n")
	for _, want := range []string{
		"CLIENT_ERROR bad authentication token format\r\n", unauthenticated, failure, failure, unauthenticated,
		"STORED\r\n", "STORED\r\n", harness.Hit("k", "v"),
	} {
		if got := c.Reply(); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	s := harness.Dial(t, server.Addr)
	s.Want("get a login stolen\r\n", "END\r\n")
	if got := harness.Stats(t, server.Addr, "")["cmd_flush"]; got != "0" {
		t.Errorf("cmd_flush is %s", got)
	}
}

// A wrong password is answered after a second, which nobody else waits for. It is counted, and logged once.
func TestWrongPasswords(t *testing.T) {
	t.Parallel()
	file := passwords(t, "ann:one\n")
	proxy := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr, "--auth-file", file)
	const clients = 40
	began := time.Now()
	var done sync.WaitGroup
	for range clients {
		c := harness.Dial(t, proxy.Addr)
		done.Go(func() {
			if got, err := c.Try(login("ann", "two")); got != failure || err != nil {
				t.Errorf("%q, %v", got, err)
			}
			if waited := time.Since(began); waited < 900*time.Millisecond {
				t.Errorf("a wrong password is answered after %v", waited)
			}
		})
	}
	done.Wait()
	if all := time.Since(began); all > clients/2*time.Second {
		t.Errorf("%d wrong passwords take %v: they wait for each other", clients, all)
	}
	c := harness.Dial(t, proxy.Addr)
	c.Want(login("ann", "one"), "STORED\r\n")
	found, err := harness.ParseStats(c.Do("stats\r\n"))
	if err != nil || found["auth_cmds"] != fmt.Sprint(clients+1) || found["auth_errors"] != fmt.Sprint(clients) {
		t.Errorf("%v, auth_cmds %s, auth_errors %s", err, found["auth_cmds"], found["auth_errors"])
	}
	const line = "has said a wrong user or password"
	testkit.Until(t, "it is logged", func() bool { return strings.Contains(proxy.Log(), line) })
	if n := strings.Count(proxy.Log(), line); n > clients/2 { // one in ten seconds
		t.Errorf("%d lines in the log:\n%s", n, proxy.Log())
	}
	if strings.Contains(proxy.Log(), "two") {
		t.Errorf("the log has the password:\n%s", proxy.Log())
	}
}

// The file is read again on signals. Who is in stays in. A file that is malformed changes nothing.
func TestNewPasswords(t *testing.T) {
	t.Parallel()
	file, server := passwords(t, "ann:0\n"), harness.StartMemcached(t)
	pools, pid := filepath.Join(filepath.Dir(file), "pools.yml"), filepath.Join(filepath.Dir(file), "pid")
	write(t, pools, fmt.Sprintf("a:\n  listen: 127.0.0.1:%d\n  servers:\n  - %s:1\n  auth_file: passwords\n",
		testkit.ReservePort(t), server.Addr))
	for _, c := range []struct {
		name   string
		args   []string
		renew  func(m *harness.Magent)
		number int
	}{
		{"SIGHUP", []string{"-s", server.Addr, "-Y", file}, func(m *harness.Magent) { m.Signal(syscall.SIGHUP) }, 1},
		{"SIGUSR1", []string{"-s", server.Addr, "-Y", file}, func(m *harness.Magent) { m.Signal(syscall.SIGUSR1) }, 2},
		{"a file of pools", []string{"-c", pools}, func(m *harness.Magent) { m.Signal(syscall.SIGUSR1) }, 3},
		{"magent reload", []string{"-c", pools, "--pid-file", pid}, func(m *harness.Magent) {
			reload := exec.Command(harness.Binary(t), "reload", "--pid-file", pid)
			out, err := reload.CombinedOutput()
			if refused := strings.Contains(string(out), "line 1 has no ':'"); (err != nil) != refused {
				t.Errorf("%v: %s", err, out)
			}
		}, 4},
	} {
		proxy := harness.StartMagent(t, c.args...)
		before := harness.Dial(t, proxy.Addr)
		before.Want(login("ann", fmt.Sprint(c.number-1)), "STORED\r\n")
		write(t, file, "no password\n")
		c.renew(proxy)
		testkit.Eventually(t, c.name+": the file is malformed", func() error {
			if !strings.Contains(proxy.Log(), "line 1 has no ':'") {
				return fmt.Errorf("no such line: %s", proxy.Log())
			}
			return nil
		})
		harness.Dial(t, proxy.Addr).Want(login("ann", fmt.Sprint(c.number-1)), "STORED\r\n")
		write(t, file, fmt.Sprintf("ann:%d\n", c.number))
		c.renew(proxy)
		testkit.Eventually(t, c.name+": the file is read again", func() error {
			if !strings.Contains(proxy.Log(), "passwords read again") {
				return fmt.Errorf("no such line: %s", proxy.Log())
			}
			return nil
		})
		after := harness.Dial(t, proxy.Addr)
		after.Want(login("ann", fmt.Sprint(c.number-1)), failure)
		after.Want(login("ann", fmt.Sprint(c.number)), "STORED\r\n")
		before.Want("get a\r\n", "END\r\n")
		proxy.Terminate()
		proxy.ExitCode() // the next one has its port
	}
}

// A pool that gets passwords by a reload closes the clients that have said none.
func TestPasswordsByReload(t *testing.T) {
	t.Parallel()
	file, server := passwords(t, "ann:one\n"), harness.StartMemcached(t)
	pools := filepath.Join(filepath.Dir(file), "pools.yml")
	text := fmt.Sprintf("a:\n  listen: 127.0.0.1:%d\n  servers:\n  - %s:1\n", testkit.ReservePort(t), server.Addr)
	write(t, pools, text)
	proxy := harness.StartMagent(t, "-c", pools)
	c := harness.Dial(t, proxy.Addr)
	c.Want("get a\r\n", "END\r\n")
	write(t, pools, text+"  auth_file: "+file+"\n")
	proxy.Signal(syscall.SIGUSR1)
	c.AwaitEOF()
	harness.Dial(t, proxy.Addr).Want("get a\r\n", unauthenticated)
}

// packet is a request of the binary protocol.
func packet(op byte, key, value string) string {
	b := binary.BigEndian.AppendUint16([]byte{0x80, op}, uint16(len(key)))
	b = binary.BigEndian.AppendUint32(append(b, 0, 0, 0, 0), uint32(len(key)+len(value)))
	return string(b) + strings.Repeat("\x00", 12) + key + value
}

// answer reads a reply: its opcode, its code and its body.
func answer(t *testing.T, conn net.Conn) string {
	t.Helper()
	head := make([]byte, 24)
	_ = conn.SetReadDeadline(time.Now().Add(testkit.Patience))
	if _, err := io.ReadFull(conn, head); err != nil {
		return err.Error()
	}
	body := make([]byte, binary.BigEndian.Uint32(head[8:]))
	if _, err := io.ReadFull(conn, body); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%#x %#x %s", head[1], binary.BigEndian.Uint16(head[6:]), body)
}

// SASL PLAIN in the binary protocol, with and without passwords.
func TestSASL(t *testing.T) {
	t.Parallel()
	server := harness.StartMemcached(t)
	open := harness.StartMagent(t, "-s", server.Addr)
	locked := harness.StartMagent(t, "-s", server.Addr, "-Y", passwords(t, "ann:one\n"))
	plain := func(password string) string { return packet(0x21, "PLAIN", "\x00ann\x00"+password) }
	const refused = "0x20 Auth failure."
	for _, c := range []struct {
		name   string
		proxy  *harness.Magent
		sent   string
		wants  []string
		closes bool
	}{
		{
			"without passwords SASL is unknown", open, packet(0x20, "", "") + plain("one") + packet(0x0a, "", ""),
			[]string{"0x20 0x81 Unknown command", "0x21 0x81 Unknown command", "0xa 0x0 "},
			false,
		},
		{
			"mechanisms", locked, packet(0x20, "", "") + packet(0x0b, "", ""),
			[]string{"0x20 0x0 PLAIN", "0xb 0x0 1.6.18"},
			false,
		},
		{
			"right", locked, plain("one") + packet(0x0a, "", "") + packet(0, "none", ""),
			[]string{"0x21 0x0 Authenticated", "0xa 0x0 ", "0x0 0x1 Not found"},
			false,
		},
		{
			"wrong, and then right", locked, plain("two") + plain("one") + packet(0x0a, "", ""),
			[]string{"0x21 " + refused, "0x21 0x0 Authenticated", "0xa 0x0 "},
			false,
		},
		{
			"right, and then wrong", locked, plain("one") + plain("two") + packet(0x0a, "", ""),
			[]string{"0x21 0x0 Authenticated", "0x21 " + refused, "0xa " + refused},
			true,
		},
		{
			"another mechanism", locked, packet(0x21, "CRAM-MD5", "\x00ann\x00one") + packet(0x22, "PLAIN", "x"),
			[]string{"0x21 " + refused, "0x22 " + refused},
			false,
		},
		{"get", locked, packet(0, "k", ""), []string{"0x0 " + refused}, true},
		{"a quiet get", locked, packet(9, "k", "") + packet(0x0a, "", ""), []string{"0x9 " + refused}, true},
		{"flush", locked, packet(8, "", ""), []string{"0x8 " + refused}, true},
		{"a large set", locked, packet(0x0e, "k", strings.Repeat("x", 100_000)), []string{"0xe " + refused}, true},
		{"an unknown command", locked, packet(0x60, "", ""), []string{"0x60 " + refused}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", c.proxy.Addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, c.sent); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.wants {
				if got := answer(t, conn); got != want {
					t.Fatalf("%q, want %q", got, want)
				}
			}
			if c.closes {
				if got := answer(t, conn); got != "EOF" {
					t.Errorf("%q, and not the end", got)
				}
			}
		})
	}
}

// Real clients that authenticate by SASL.
func TestSASLClients(t *testing.T) {
	t.Parallel()
	if harness.MetaOf(t) != harness.FullMeta {
		return // binary clients need it
	}
	proxy := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr, "-b", harness.StartMemcached(t).Addr,
		"-Y", passwords(t, "ann:one\n"))
	host, port, err := net.SplitHostPort(proxy.Addr)
	if err != nil {
		t.Fatal(err)
	}
	memjs := "MEMJS=" + harness.NodeModules(t, "memjs")
	for name, argv := range map[string][]string{
		"php-memcached":  {"php", "scripts/sasl.php"},
		"php's sessions": {"php", "scripts/session.php"},
		"pylibmc":        {"/usr/bin/python3", "-B", "scripts/sasl.py"},
		"dalli":          {"ruby", "scripts/sasl.rb"},
		"memjs":          {"node", "scripts/sasl.js"},
	} {
		for password, want := range map[string]string{"one": "stored, read value\n", "two": "refused\n"} {
			t.Run(name+" "+want, func(t *testing.T) {
				t.Parallel()
				run := exec.Command(argv[0], append(argv[1:], host, port, "ann", password)...)
				run.Env = append(os.Environ(), memjs)
				if out, err := run.CombinedOutput(); err != nil || string(out) != want {
					t.Errorf("%v:\n%s", err, out)
				}
			})
		}
	}
}

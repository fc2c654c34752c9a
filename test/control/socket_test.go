package control

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// started is a magent with a socket that takes commands.
type started struct {
	*harness.Magent
	t      *testing.T
	socket string
}

func start(t *testing.T, args ...string) *started {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "control.sock")
	// It includes a first answer, for which a busy machine may take some seconds. A server that is undrained, or has
	// to be connected to again, may wait as long as the two timeouts.
	if !slices.Contains(args, "--connect-timeout") {
		args = append(args, "--connect-timeout", "8s")
	}
	return &started{harness.StartMagent(t, append(args, "--admin-socket", socket)...), t, socket}
}

// command runs a command that asks the magent, and returns what harness.Run does.
func (s *started) command(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	return harness.Run(s.t, append(append([]string{harness.Binary(s.t)}, args...), "--admin-socket", s.socket)...)
}

// wants runs a command and wants its exit code and a part of what it prints.
func (s *started) wants(code int, part string, args ...string) {
	s.t.Helper()
	if got, stdout, stderr := s.command(args...); got != code || !strings.Contains(stdout+stderr, part) {
		s.t.Errorf("magent %s: %d, want %d and %q\n%s%s", strings.Join(args, " "), got, code, part, stdout, stderr)
	}
}

// The socket is for its user alone, has what the pages have, and is gone at the end.
func TestSocket(t *testing.T) {
	t.Parallel()
	m := start(t, "-s", harness.StartMemcached(t).Addr)
	if info, err := os.Stat(m.socket); err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
	m.wants(0, "All is well.", "status")
	m.wants(0, `"serving": true`, "status", "--json")
	m.wants(0, "All is well.", "top")
	m.wants(0, m.socket+" serves", "health")
	m.wants(1, "nothing has changed: this magent has no files to read again", "reload")
	m.wants(2, "contradict each other", "status", "--admin", "9100")
	m.Terminate()
	if code := m.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Lstat(m.socket); err == nil {
		t.Error("the file is still there")
	}
	m.wants(1, "is a magent running that was started with it?", "status")
}

// magent reload by the socket says what the process says: that it has reloaded, or what is wrong with the file.
func TestReload(t *testing.T) {
	t.Parallel()
	server := harness.StartMemcached(t)
	file := filepath.Join(t.TempDir(), "pools.yml")
	listen := fmt.Sprintf("127.0.0.1:%d", testkit.ReservePort(t))
	write := func(more string) {
		text := "alpha:\n  listen: " + listen + "\n  servers:\n   - " + server.Addr + ":1\n" + more
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("")
	m := start(t, "-c", file)
	write("  timeout: 300\n")
	m.wants(0, "magent: reloaded", "reload")
	write("  timeuot: 300\n")
	m.wants(1, "timeuot", "reload")
	if stats := harness.Stats(t, m.Addr, ""); stats["proxy_config_reloads"] != "1" ||
		stats["proxy_config_reload_fails"] != "1" {
		t.Errorf("reloads %s, failed %s", stats["proxy_config_reloads"], stats["proxy_config_reload_fails"])
	}
}

// Another user is refused even if the file lets everybody connect. Root is not.
func TestSameUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Log("only root can become another user: the file's permissions are all that is tested")
		return
	}
	m := start(t, "-s", harness.StartMemcached(t).Addr)
	folder := filepath.Dir(m.socket)
	binary := filepath.Join(folder, "magent")
	text, err := os.ReadFile(harness.Binary(t))
	if err != nil {
		t.Fatal(err)
	}
	harness.WriteProgram(t, binary, text)
	for dir := folder; dir != filepath.Dir(os.TempDir()) && dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	asNobody := func(args ...string) (string, error) {
		c := exec.Command(binary, append(args, "--admin-socket", m.socket)...)
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := c.CombinedOutput()
		return string(out), err
	}
	for _, command := range []string{"status", "reload"} {
		if out, err := asNobody(command); err == nil || !strings.Contains(out, "be the user of that magent, or root") {
			t.Errorf("%s by nobody: %v, %s", command, err, out)
		}
	}
	if err := os.Chmod(m.socket, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"status", "reload"} {
		out, err := asNobody(command)
		if err == nil || !strings.Contains(out, "only the user of this magent and root may ask here") {
			t.Errorf("%s by nobody, who may connect: %v, %s", command, err, out)
		}
	}
	m.wants(0, "All is well.", "status")
}

// A second magent does not take the socket of a running one, but that of one that was killed. An upgrade passes it on.
func TestSocketChangesHands(t *testing.T) {
	t.Parallel()
	server := harness.StartMemcached(t)
	m := start(t, "-s", server.Addr)
	p := testkit.Start(t, "second", harness.Binary(t), "-l", "127.0.0.1:0", "-s", server.Addr,
		"--admin-socket", m.socket)
	want := "--admin-socket: cannot listen on " + m.socket + ": bind: address already in use"
	if code := p.ExitCode(); code == 0 || !strings.Contains(p.Log(), want) {
		t.Errorf("the second one: %d, want %s\n%s", code, want, p.Log())
	}
	m.wants(0, "All is well.", "status")
	m.Kill()
	third := harness.StartMagent(t, "-s", server.Addr, "--admin-socket", m.socket)
	m.wants(0, "All is well.", "status")
	third.Signal(syscall.SIGUSR2)
	if code := third.ExitCode(); code != 0 {
		t.Errorf("the process that was replaced: %d", code)
	}
	m.wants(0, "All is well.", "status")
	code, pid, _ := harness.Run(t, "sh", "-c", harness.Binary(t)+" status --json --admin-socket "+m.socket+
		` | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'`)
	number := 0
	if _, err := fmt.Sscan(pid, &number); code != 0 || err != nil || number == third.PID {
		t.Fatalf("the new process: %d, %q, %v", code, pid, err)
	}
	if err := syscall.Kill(number, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}

// The port wants the token, except for probes, reads its file again on SIGHUP, and takes no commands.
func TestToken(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const first, second = "first-0123456789", "second-0123456789"
	write(first)
	m := start(t, "-s", harness.StartMemcached(t).Addr, "--admin", "127.0.0.1:0", "--admin-token-file", file)
	found := regexp.MustCompile(`"admin":"(127[^,"]+)`).FindStringSubmatch(m.Log())
	if found == nil {
		t.Fatalf("no address in the log:\n%s", m.Log())
	}
	port := found[1]
	get := func(page, header string) (status int) {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, "http://"+port+page, nil)
		if err != nil {
			t.Fatal(err)
		}
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		got, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		_, _ = io.Copy(io.Discard, got.Body)
		return got.StatusCode
	}
	basic := "Basic " + "YW55Ym9keTpmaXJzdC0wMTIzNDU2Nzg5" // anybody:first-0123456789
	for page, want := range map[string]int{
		"/livez": 200, "/readyz": 200, "/": 401, "/metrics": 401, "/stats.json": 401,
	} {
		if got := get(page, ""); got != want {
			t.Errorf("%s without the token: %d, want %d", page, got, want)
		}
	}
	for header, want := range map[string]int{
		"Bearer " + first: 200, basic: 200, "Bearer " + first + "x": 401, "Bearer ": 401,
		"Bearer " + second: 401, first: 401,
	} {
		if got := get("/metrics", header); got != want {
			t.Errorf("%s: %d, want %d", header, got, want)
		}
	}
	code, out, errors := harness.Run(t, harness.Binary(t), "top", "--admin", port, "--admin-token-file", file)
	if code != 0 || !strings.Contains(out, "All is well.") {
		t.Errorf("magent top with the token: %d, %s%s", code, out, errors)
	}
	if code, _, errors := harness.Run(t, harness.Binary(t), "top", "--admin", port); code != 1 ||
		!strings.Contains(errors, "the token of --admin-token-file is missing, or wrong") {
		t.Errorf("magent top without it: %d, %s", code, errors)
	}
	m.wants(0, "All is well.", "status")
	write(second)
	m.Signal(syscall.SIGHUP)
	testkit.Eventually(t, "the new token counts", func() error {
		if got := get("/metrics", "Bearer "+second); got != 200 {
			return fmt.Errorf("%d", got)
		}
		return nil
	})
	if got := get("/metrics", "Bearer "+first); got != 401 {
		t.Errorf("the old token: %d", got)
	}
	write("short")
	m.Signal(syscall.SIGHUP)
	testkit.Eventually(t, "the log says what is wrong with the file", func() error {
		if want := "the token has 5 characters: write 16 or more"; !strings.Contains(m.Log(), want) {
			return fmt.Errorf("no %q", want)
		}
		return nil
	})
	if got := get("/metrics", "Bearer "+second); got != 200 {
		t.Errorf("after a file that is wrong: %d", got)
	}
	c, err := net.Dial("tcp", port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /reload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n\r\n", second)
	if answer, _ := io.ReadAll(c); !strings.HasPrefix(string(answer), "HTTP/1.1 405") {
		t.Errorf("a command by the port: %s", answer)
	}
}

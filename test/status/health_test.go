package status

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// A proxy is ready as long as one copy of each key can be reached, not without any, and again when one is back.
func TestReady(t *testing.T) {
	t.Parallel()
	p, b := harness.StartMemcached(t), harness.StartMemcached(t)
	m := harness.StartMagent(t, "-s", p.Addr, "-b", b.Addr, "--probe-interval", "100ms", "--admin", "127.0.0.1:0")
	admin := "http://" + adminOf(t, m.Process, "admin")
	eventuallyPage(t, admin+"/readyz", 200, "ok")
	p.Kill()
	harness.AwaitState(t, m.Addr, p.Addr, "ejected")
	eventuallyPage(t, admin+"/stats.json", 200, `"state": "ejected"`)
	eventuallyPage(t, admin+"/readyz", 200, "ok")
	b.Kill()
	eventuallyPage(t, admin+"/readyz", 503, "pool magent serves nothing: primary "+p.Addr+" is ejected (")
	eventuallyPage(t, admin+"/readyz", 503, "; backup "+b.Addr+" is ejected (")
	eventuallyPage(t, admin+"/metrics", 200, `magent_pool_ready{pool="magent"} 0`)
	eventuallyPage(t, admin+"/livez", 200, "ok")
	p.Restart()
	b.Restart()
	eventuallyPage(t, admin+"/readyz", 200, "ok")
}

// A proxy that has lost some keys still serves the others: it keeps its clients, and tells what is lost. magent health
// reports the same.
func TestPartialLossIsReady(t *testing.T) {
	t.Parallel()
	one, two := harness.StartMemcached(t), harness.StartMemcached(t)
	m := harness.StartMagent(t, "-s", one.Addr, "-s", two.Addr, "--probe-interval", "100ms", "--admin", "127.0.0.1:0")
	admin := "http://" + adminOf(t, m.Process, "admin")
	health := func(want int, text string) {
		t.Helper()
		code, stdout, stderr := harness.Run(t, harness.Binary(t), "health", m.Addr, "--within", "30s")
		if code != want || !strings.Contains(stdout+stderr, text) {
			t.Errorf("magent health: exit code %d, %q%q; want %d and %q", code, stdout, stderr, want, text)
		}
	}
	eventuallyPage(t, admin+"/readyz", 200, "ok\n")
	one.Kill()
	harness.AwaitState(t, m.Addr, one.Addr, "ejected")
	eventuallyPage(t, admin+"/readyz", 200, "ok, but not for all keys\npool magent: primary "+one.Addr+" is ejected (")
	eventuallyPage(t, admin+"/metrics", 200, `magent_pool_ready{pool="magent"} 0`)
	health(0, "keys cannot be had: SERVER_ERROR "+one.Addr)
	two.Kill()
	harness.AwaitState(t, m.Addr, two.Addr, "ejected")
	eventuallyPage(t, admin+"/readyz", 503, "nothing is served\npool magent serves nothing: primary ")
	health(1, "keys can be had: SERVER_ERROR")
	two.Restart()
	eventuallyPage(t, admin+"/readyz", 200, "ok, but not for all keys\n")
	health(0, "keys cannot be had: SERVER_ERROR "+one.Addr)
}

// While magent drains, it is alive but not ready. A client that waits for an answer delays the end.
func TestDrainingIsNotReady(t *testing.T) {
	t.Parallel()
	p := harness.StartMemcached(t)
	m := harness.StartMagent(t, "-s", p.Addr, "--timeout", "1h", "--connect-timeout", "1h",
		"--drain-timeout", "10m", "--admin", "127.0.0.1:0")
	admin := "http://" + adminOf(t, m.Process, "admin")
	c := harness.Dial(t, m.Addr)
	c.Want("get a\r\n", "END\r\n")
	p.Pause()
	c.Send("get a\r\n")
	testkit.Eventually(t, "the request is under way", func() error {
		if text := page(t, admin+"/stats.json"); !strings.Contains(text, `"active_requests": 1,`) {
			return fmt.Errorf("%s", text)
		}
		return nil
	})
	m.Terminate()
	eventuallyPage(t, admin+"/readyz", 503, "draining")
	eventuallyPage(t, admin+"/livez", 200, "ok")
	eventuallyPage(t, admin+"/metrics", 200, "\nmagent_draining 1\n")
	p.Resume()
	if got := c.AwaitEOF(); got != "END\r\n" {
		t.Errorf("the client got %q", got)
	}
	if code := m.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, _, _, err := get(admin + "/livez"); err == nil {
		t.Error("the port is still open")
	}
}

// nutcracker serves its pages on the stats port. / is twemproxy's page.
func TestPagesOfNutcracker(t *testing.T) {
	server := harness.StartMemcached(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "nutcracker.yml")
	text := fmt.Sprintf("alpha:\n  listen: %s\n  timeout: 400\n  servers:\n   - %s:1 one\n",
		filepath.Join(dir, "n.sock"), server.Addr)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	port := strings.TrimPrefix(testkit.DeadAddr(t), "127.0.0.1:") // bound, and shared with who listens
	n := testkit.Start(t, "nutcracker", harness.Nutcracker(t), "-c", file, "-a", "127.0.0.1", "-s", port, "-o",
		filepath.Join(dir, "log"))
	url := "http://127.0.0.1:" + port
	eventuallyPage(t, url+"/", 200, `{"service":"nutcracker", `)
	eventuallyPage(t, url+"/readyz", 200, "ok")
	eventuallyPage(t, url+"/status", 200, "<title>magent</title>")
	eventuallyPage(t, url+"/metrics", 200, `magent_server_connections{pool="alpha",role="primary",server="`+
		server.Addr+`"} 1`)
	eventuallyPage(t, url+"/stats.json", 200, `"program": "nutcracker"`)
	if status, _, header, err := get(url + "/"); err != nil || status != 200 ||
		header.Get("Content-Type") != "application/json" {
		t.Errorf("/: %d %v %v", status, header, err)
	}
	n.Terminate()
	if code := n.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// Without --admin there is no port. A wrong address is reported at the start.
func TestAdminFlag(t *testing.T) {
	m := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr)
	if strings.Contains(m.Log(), `"admin"`) {
		t.Errorf("there is a port:\n%s", m.Log())
	}
	for args, want := range map[string]string{
		"--admin " + m.Addr: "magent: --admin: cannot listen on " + m.Addr +
			": bind: address already in use: choose another address\n",
		"--admin nowhere": `magent: --admin address "nowhere": the port is missing; write ` +
			`nowhere:9100, for example` + "\n",
		"--admin /nowhere/admin.sock": "magent: --admin \"/nowhere/admin.sock\": there is no folder /nowhere: " +
			"make it, or choose another path\n",
		"--admin-pprof":                    "magent: --admin-pprof needs --admin ADDRESS, which says where\n",
		"--admin 127.0.0.1:0 --no-such":    "--no-such",
		"--admin 127.0.0.1:99999999999999": "--admin address",
	} {
		argv := append([]string{harness.Binary(t), "-l", "127.0.0.1:0", "-s", "127.0.0.1:1"}, strings.Fields(args)...)
		p := testkit.Start(t, args, argv...)
		if code := p.ExitCode(); code == 0 || !strings.Contains(p.Log(), want) {
			t.Errorf("%s: exit code %d\n%s", args, code, p.Log())
		}
	}
}

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

// The open page shows that a memcached dies and comes back.
func TestServersChangeOnTheScreen(t *testing.T) {
	t.Parallel()
	p1, p2, backup := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t, "-m", "512")
	m := harness.StartMagent(t, "-s", p1.Addr, "-s", p2.Addr, "-b", backup.Addr, "--probe-interval", "100ms",
		"--refill-rate", "100", "--threads", "2", "--admin", ":0")
	admin := "http://" + adminOf(t, m.Process, "admin")
	var sets strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&sets, "set fill%d 0 0 1 noreply\r\nx\r\n", i)
	}
	harness.Dial(t, m.Addr).Want(sets.String()+"mn\r\n", "MN\r\n")
	done := make(chan struct{})
	result := traffic(t, m.Addr, done)

	b := startBrowser(t)
	b.look(1280, "light")
	b.open(admin + "/")
	state := func(server, state string) {
		t.Helper()
		b.see(fmt.Sprintf(`tr[data-server="%s"][data-state="%s"]`, server, state))
		b.see(fmt.Sprintf(`.map g[data-node="%s"][data-state="%s"]`, server, state))
	}
	for _, server := range []*harness.Memcached{p1, p2, backup} {
		state(server.Addr, "up")
	}
	b.await(`document.querySelector(".live").textContent === "live"`)
	b.await(`/^[1-9]/.test(document.querySelector("#tiles b").textContent)`) // requests a second
	b.await(`document.querySelector("#tiles .spark path:last-child").getAttribute("d").includes("L")`)
	b.await(`document.querySelector("#verdict h2").textContent === "All is well."`)
	b.shoot("up")

	p2.Kill()
	state(p2.Addr, "ejected")
	b.await(`document.querySelector("#verdict").dataset.level === "warn"`)
	b.see(`li[data-event="ejected"]`)
	if first := eval[string](b, `document.querySelector("#servers tr").dataset.server`); first != p2.Addr {
		t.Errorf("the first row is of %s, not of the one in trouble, %s", first, p2.Addr)
	}
	if event := eval[string](b,
		`document.querySelector('li[data-event="ejected"]').textContent`); !strings.Contains(event, p2.Addr) ||
		!strings.Contains(event, "primary") {
		t.Errorf("event: %q", event)
	}
	b.shoot("out")

	p2.Restart()
	state(p2.Addr, "warming") // for about 20 s: there are some 2000 keys to be copied
	b.see(fmt.Sprintf(`tr[data-server="%s"] progress`, p2.Addr))
	if text := eval[string](b,
		fmt.Sprintf(`document.querySelector('tr[data-server="%s"] .why').textContent`,
			p2.Addr)); !strings.Contains(text, " %") {
		t.Errorf("it does not say how far it is: %q", text)
	}
	b.shoot("filling")
	state(p2.Addr, "up")
	b.await(`document.querySelector("#verdict").dataset.level === "good"`)
	b.see(`li[data-event="up"]`)
	for _, width := range []int64{320, 390, 1280} {
		b.look(width, "light")
		if wide := eval[int](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("at %d px it has to be scrolled sideways by %d px", width, wide)
		}
	}

	close(done)
	if err := <-result; err != nil {
		t.Errorf("a client has noticed: %v", err)
	}
	b.quiet()
	b.open("about:blank") // which ends the stream
}

// The page copes with two pools, a key without any copy, more servers than rows on a screen, and long and odd names.
func TestPageOfManyPools(t *testing.T) {
	t.Parallel()
	up := harness.StartMemcached(t)
	pool := func(name string, servers, backups int) string {
		text := fmt.Sprintf("%q:\n  listen: %s\n  hash: fnv1a_64\n  timeout: 400\n  servers:\n", name,
			filepath.Join(t.TempDir(), "m.sock"))
		for i := range servers {
			text += fmt.Sprintf("   - %s:1 server-number-%d\n", up.Addr, i)
		}
		for i := range backups {
			if i == 0 {
				text += "  backups:\n"
			}
			text += fmt.Sprintf("   - %s:1\n", testkit.DeadAddr(t))
		}
		return text
	}
	file := filepath.Join(t.TempDir(), "pools.yml")
	text := pool("many", 12, 0) + strings.ReplaceAll(pool("<b>odd</b> & long", 1, 2), up.Addr+":1 server-number-0",
		testkit.DeadAddr(t)+":1 odd-server")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	m := harness.StartMagent(t, "-c", file, "--admin", "127.0.0.1:0")
	admin := "http://" + adminOf(t, m.Process, "admin")
	b := startBrowser(t)
	b.look(1280, "light")
	b.open(admin + "/status")
	b.await(`document.querySelector("#verdict").dataset.level === "bad"`)
	b.await(`document.querySelector("#verdict p").textContent.includes("primary odd-server is ejected")`)
	b.see(`section[data-pool="<b>odd</b> & long"]`)
	if n := eval[int](b, `document.querySelectorAll("h3 b").length`); n != 0 {
		t.Error("the name of a pool is taken for HTML")
	}
	// Servers that are well are one row and one node, until somebody wants to see each.
	each := `[...document.querySelectorAll("#servers .addr")].
		filter(e => e.textContent.startsWith("server-number-")).length`
	b.see(`g[data-node="12 servers"][data-state="up"]`)
	b.see(`tr[data-server="12 servers"]`)
	if n := eval[int](b, each); n != 0 {
		t.Errorf("%d rows of servers that are shown as one", n)
	}
	b.shoot("many")
	eval[bool](b, `document.querySelector("button.more").click() || true`)
	b.await(each + ` === 12`)
	eval[bool](b, `document.querySelector("button.more").click() || true`)
	b.await(each + ` === 0`)
	b.quiet()

	m.Kill() // and the page says that what it shows is old
	b.see(".live.off")
	b.await(`document.querySelector(".live").textContent.startsWith("no answer for ")`)
	b.await(`document.querySelector("#verdict h2").textContent === "magent does not answer."`)
	b.await(`document.title.startsWith("✕ no answer")`)
	b.see(`body.stale #verdict[data-level="bad"]`)
	b.shoot("dead")
	b.open("about:blank")
}

// The page of a witness shows the members, and nothing of pools and servers.
func TestPageOfWitness(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	b.look(1280, "light")
	b.open(witness(t) + "/status")
	b.see(`#members tr[data-member="a"][data-state="dead"]`)
	b.see(`#members tr[data-member="w"]`)
	b.await(`document.querySelector("#verdict").dataset.level === "bad"`)
	b.await(`document.querySelector("#members tr[data-member=a] .why").textContent.includes("nobody listens there")`)
	about := `[...document.querySelectorAll("#tiles, #servers-section, #pools")]`
	if n := eval[int](b, about+`.filter(e => e.checkVisibility()).length`); n > 0 {
		t.Errorf("%d parts of the page are about servers", n)
	}
	b.shoot("witness")
	b.quiet()
	b.open("about:blank")
}

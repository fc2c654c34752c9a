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

// openPage starts a magent and a browser that shows its page.
func openPage(t *testing.T, args ...string) (m *harness.Magent, b *browser) {
	t.Helper()
	m = harness.StartMagent(t, append(args, "--admin", "127.0.0.1:0")...)
	b = startBrowser(t)
	b.look(1280, "light")
	port, _, _ := strings.Cut(adminOf(t, m.Process, "admin"), ",")
	b.open("http://" + port + "/")
	return m, b
}

// says waits until the headline and the text below it begin with and contain what is given.
func (b *browser) says(head string, texts ...string) {
	b.t.Helper()
	b.await(fmt.Sprintf(`document.querySelector("#verdict h2").textContent === %q`, head))
	for _, text := range texts {
		b.await(fmt.Sprintf(`document.querySelector("#verdict p").textContent.includes(%q)`, text))
	}
}

// server waits until the table and the map have a server in a state.
func (b *browser) server(address, state string) {
	b.t.Helper()
	b.see(fmt.Sprintf(`tr[data-server="%s"][data-state="%s"]`, address, state))
	b.see(fmt.Sprintf(`.map g[data-node="%s"][data-state="%s"]`, address, state))
}

// leave checks that the page has reported no error, and leaves it, which ends the stream.
func (b *browser) leave() {
	b.t.Helper()
	b.quiet()
	b.open("about:blank")
}

// A backup that is too small is told, also while a server is drained. A server that is undrained gets what it missed,
// and was away since it was drained.
func TestPageOfMaintenance(t *testing.T) {
	t.Parallel()
	one, two, backup := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
	socket := filepath.Join(t.TempDir(), "control.sock")
	m, b := openPage(t, "-s", one.Addr, "-s", two.Addr, "-b", backup.Addr, "--timeout", "60s", "--probe-interval",
		"100ms", "--admin-socket", socket)
	command := func(args ...string) {
		t.Helper()
		args = append([]string{harness.Binary(t)}, append(args, "--admin-socket", socket)...)
		if code, stdout, stderr := harness.Run(t, args...); code != 0 {
			t.Fatalf("%v: %d\n%s%s", args, code, stdout, stderr)
		}
	}
	b.says("A backup is too small.", "Backup "+backup.Addr+" may use ")
	row := func(server, text string) {
		t.Helper()
		b.await(fmt.Sprintf(`document.querySelector('tr[data-server="%s"]').textContent.includes("%s")`, server, text))
	}
	row(backup.Addr, "too small: its share is ")
	b.shoot("small")

	command("drain", one.Addr, "--reason", "new kernel")
	b.server(one.Addr, "drained")
	b.says("One server is drained. Every key is served.", one.Addr+": the keys are answered by their other copies.",
		"A backup is too small. Backup "+backup.Addr)
	row(one.Addr, "new kernel")
	b.shoot("drained")

	c := harness.Dial(t, m.Addr)
	for i := range 200 {
		c.Want(harness.Set(fmt.Sprint("missed", i), "v"), "STORED\r\n")
	}
	one.Pause() // until the other copy stands still: then what it missed cannot be copied to it
	command("undrain", one.Addr)
	backup.Pause()
	one.Resume()
	b.server(one.Addr, "returning")
	row(one.Addr, "gets what it missed")
	b.shoot("returning")
	backup.Resume()
	b.server(one.Addr, "up")
	b.says("A backup is too small.")
	b.leave()
}

// Keys without a copy are told in the headline. The tile of errors is red, and tells its scale as the others do.
func TestPageOfLostKeys(t *testing.T) {
	t.Parallel()
	one, two := harness.StartMemcached(t), harness.StartMemcached(t)
	m, b := openPage(t, "-s", one.Addr, "-s", two.Addr, "--timeout", "60s")
	c := harness.Dial(t, m.Addr)
	round := func() {
		for i := range 200 {
			if _, err := c.Try(fmt.Sprintf("get key%d\r\n", i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.await(`!document.querySelector("#tile-errors").hasAttribute("data-bad")`)
	one.Kill()
	b.server(one.Addr, "ejected")
	b.says("Some keys cannot be served.", "of the keys have no copy that can be read.")
	testkit.Eventually(t, "the tile of errors is red", func() error {
		round()
		if !eval[bool](b, `document.querySelector("#tile-errors").hasAttribute("data-bad")`) {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	for _, tile := range []string{"requests", "hits", "latency", "errors"} {
		shown := eval[string](b, fmt.Sprintf(`(e => e.checkVisibility() ? e.textContent : "")(
			document.querySelector("#tile-%s .scale"))`, tile))
		if !strings.HasPrefix(shown, "last ") || tile == "errors" && !strings.Contains(shown, ", up to ") {
			t.Errorf("the tile of %s says of its curve: %q", tile, shown)
		}
	}
	done := make(chan struct{})
	failing := make(chan error, 1)
	go func() { failing <- ask200(m.Addr, done) }()
	b.shoot("lost")
	close(done)
	if err := <-failing; err != nil {
		t.Error(err)
	}
	b.leave()
}

// ask200 reads 200 keys, over and over.
func ask200(addr string, done <-chan struct{}) error {
	c, err := harness.Open(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for i := 0; ; i++ {
		select {
		case <-done:
			return nil
		default:
		}
		if _, err := c.Try(fmt.Sprintf("get key%d\r\n", i%200)); err != nil {
			return err
		}
		harness.Breathe()
	}
}

// A magent that stands by says so, and that it sees only a part.
func TestPageOfStandby(t *testing.T) {
	t.Parallel()
	one, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	_, b := openPage(t, "-s", one.Addr, "-b", backup.Addr, "--vip", "192.0.2.1", "--timeout", "60s")
	b.says("Standing by.", "Another machine has the address 192.0.2.1")
	b.server(one.Addr, "up")
	b.shoot("standby")
	b.leave()
}

// A member of a fleet shows many primaries as one for each member that decides for them.
func TestPageOfLargeFleet(t *testing.T) {
	t.Parallel()
	var primaries []string
	for range 12 {
		primaries = append(primaries, harness.StartMemcached(t).Addr)
	}
	backup := harness.StartMemcached(t, "-m", "4096")
	var list []string
	for _, name := range []string{"a", "b"} {
		list = append(list, fmt.Sprintf("%s=127.0.0.1:%d", name, testkit.ReservePort(t)))
	}
	var admins []string
	for _, name := range []string{"a", "b"} {
		dir := t.TempDir()
		text := fmt.Sprintf("main:\n  listen: %s\n  timeout: 60000\n  backups:\n   - %s:1\n  servers:\n",
			filepath.Join(dir, "m.sock"), backup.Addr)
		for _, addr := range primaries {
			text += fmt.Sprintf("   - %s:1\n", addr)
		}
		file := filepath.Join(dir, "pools.yml")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		m := harness.StartMagent(t, "-c", file, "--admin", "127.0.0.1:0", "--fleet", strings.Join(list, ","),
			"--fleet-lease", harness.Lease, "--member", name, "--state-dir", filepath.Join(dir, "state"))
		admins = append(admins, "http://"+adminOf(t, m.Process, "admin"))
	}
	b := startBrowser(t)
	b.look(1280, "light")
	b.open(admins[0] + "/")
	b.await(`document.querySelector("#verdict").dataset.level === "good"`)
	const own, theirs = `tr[data-server="6 other primaries"][data-role=primary]`,
		`tr[data-server="6 other primaries"][data-role=forwarded]`
	b.see(own)
	b.see(theirs)
	b.await(`document.querySelector('` + theirs + `').textContent.includes("b decides")`)
	b.see(`.map g[data-node="6 other primaries"][data-role=forwarded]`)
	b.await(`document.querySelectorAll("#servers tr").length === 3`)
	b.shoot("large-fleet")
	eval[bool](b, `document.querySelector('`+theirs+` button.more').click() || true`)
	b.await(`document.querySelectorAll("#servers tr").length === 9`)
	eval[bool](b, `document.querySelector('`+theirs+` button.more').click() || true`)
	b.await(`document.querySelectorAll("#servers tr").length === 3`)
	b.leave()
}

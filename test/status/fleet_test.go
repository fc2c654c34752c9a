package status

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// fleet is some members in front of two primaries and a backup.
type fleet struct {
	t       *testing.T
	members []*harness.Magent
	admins  []string // of the pages
	primary []string
}

// startFleet starts the members a, b and so on, and waits until all of them are there.
func startFleet(t *testing.T, members int) *fleet {
	t.Helper()
	f := &fleet{t: t}
	var list []string
	for i := range members {
		list = append(list, fmt.Sprintf("%c=127.0.0.1:%d", 'a'+i, testkit.ReservePort(t)))
	}
	one, two, backup := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t, "-m", "512")
	f.primary = []string{one.Addr, two.Addr}
	for i := range members {
		m := harness.StartMagent(t, "-s", one.Addr, "-s", two.Addr, "-b", backup.Addr, "--admin", "127.0.0.1:0",
			"--fleet", strings.Join(list, ","), "--fleet-lease", harness.Lease, "--member", string(rune('a'+i)),
			"--state-dir", filepath.Join(t.TempDir(), "state"))
		f.members, f.admins = append(f.members, m), append(f.admins, "http://"+adminOf(t, m.Process, "admin"))
	}
	for _, admin := range f.admins {
		eventuallyPage(t, admin+"/stats.json", 200, fmt.Sprintf("All %d members are there", members))
	}
	return f
}

// The page of any member shows all of them, who decides for what, and what is wrong with the fleet.
func TestPageOfFleet(t *testing.T) {
	t.Parallel()
	f := startFleet(t, 3)
	b := startBrowser(t)
	b.look(1280, "light")
	b.open(f.admins[2] + "/")
	for _, name := range []string{"a", "b", "c"} {
		b.see(fmt.Sprintf(`#members tr[data-member=%s][data-state=alive]`, name))
	}
	text := func(selector string) string { return fmt.Sprintf("document.querySelector('%s').textContent", selector) }
	b.await(text("#members tr[data-member=a]") + `.includes("magent/` + f.primary[0] + `")`)
	b.await(text("#members tr[data-member=b]") + `.includes("magent/` + f.primary[1] + `")`)
	for i, name := range []string{"a", "b"} {
		row := fmt.Sprintf(`#servers tr[data-server="%s"][data-role=forwarded][data-state=up]`, f.primary[i])
		b.see(row)
		b.await(text(row) + `.includes("` + name + ` decides")`)
		b.see(fmt.Sprintf(`.map g[data-node="%s"][data-role=forwarded]`, f.primary[i]))
	}
	b.await(`document.querySelector("#verdict").dataset.level === "good"`)
	b.shoot("fleet")

	f.members[1].Kill()
	b.see(`#members tr[data-member=b][data-state=dead]`)
	b.await(text("#verdict h2") + ` === "b is away."`)
	b.await(text("#members tr[data-member=b] .why") + ` === "nobody listens there"`)
	b.await(text("#verdict p") + `.startsWith("The fleet goes on without it. ")`)
	b.shoot("fleet-away")

	f.members[0].Kill()
	b.await(text("#verdict h2") + ` === "This member neither decides nor knows who does."`)
	b.see(`#verdict[data-level=bad]`)
	eventuallyPage(t, f.admins[2]+"/readyz", 503, "fleet: ")
	b.shoot("fleet-stopped")
	for _, width := range []int64{320, 390, 1280} {
		b.look(width, "light")
		if wide := eval[int](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("at %d px it has to be scrolled sideways by %d px", width, wide)
		}
	}
	b.quiet()
	b.open("about:blank")
}

// The page of one of two says what the two cannot survive, and that it is alone when the other one is dead.
func TestPageOfFleetOfTwo(t *testing.T) {
	t.Parallel()
	f := startFleet(t, 2)
	b := startBrowser(t)
	b.look(1280, "light")
	b.open(f.admins[0] + "/")
	b.see("#limits")
	b.await(`document.querySelector("#limits").textContent.includes("a fleet of two stops when a host".slice(1))`)
	b.await(`document.querySelector("#limits").textContent.includes("magent witness --fleet a=")`)
	for _, width := range []int64{320, 1280} {
		b.look(width, "light")
		if wide := eval[int](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("at %d px it has to be scrolled sideways by %d px", width, wide)
		}
	}
	b.shoot("two")
	f.members[1].Kill()
	b.await(`document.querySelector("#verdict h2").textContent === "This member is alone."`)
	eventuallyPage(t, f.admins[0]+"/readyz", 200, "ok")
	eventuallyPage(t, f.admins[0]+"/metrics", 200, "\nmagent_fleet_alone 1\n")
	for _, server := range f.primary {
		b.see(fmt.Sprintf(`#servers tr[data-server="%s"][data-role=primary]`, server))
	}
	b.shoot("alone")
	b.quiet()
	b.open("about:blank")
}

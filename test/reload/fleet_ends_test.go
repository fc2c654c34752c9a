package reload

import (
	"os/exec"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestFleetMemberEndsWhileItReloads: a member is told to end while it waits for another one, which stands still and so
// is not ready for other pools. It does not wait until its time is up: it gives the change up, says why, and drains.
// The others keep the pools that they had.
func TestFleetMemberEndsWhileItReloads(t *testing.T) {
	t.Parallel()
	var m []*harness.Memcached
	for range 3 {
		m = append(m, harness.StartMemcached(t))
	}
	file := func(listen string, servers int) string { return backed(listen, m[:servers], m[2:]) }
	sites := startFleet(t, 3, func(listen string) string { return file(listen, 1) })
	fixed(sites[1].visitor(), 10, "kept")
	for _, s := range sites {
		s.allAlive()
		s.allUp() // on a busy machine one may have to be compared first
		s.write(file(s.proxy.Addr, 2))
	}
	sites[2].proxy.Pause()
	said := make(chan string, 1)
	go func() {
		out, err := exec.Command(harness.Binary(t), "reload", "--pid-file", sites[0].pid).CombinedOutput()
		if err == nil {
			t.Error("it says that all members have changed")
		}
		said <- string(out)
	}()
	sites[0].await("is ready for other pools", 1)
	sites[0].proxy.Terminate()
	if text := testkit.Await(t, "a verdict", said); !strings.Contains(text, "was told to end meanwhile") {
		t.Errorf("the command says %s", text)
	}
	sites[0].await("draining: ", 1)
	log := sites[0].proxy.Log()
	given, drains := strings.Index(log, "was told to end meanwhile"), strings.Index(log, "draining: ")
	if given < 0 || drains < given {
		t.Errorf("it gives up at %d, and drains at %d: %s", given, drains, log)
	}
	sites[2].proxy.Resume()
	for _, s := range sites[1:] {
		s.servedAll()
		if err := agrees(s, 1); err != nil {
			t.Error(err)
		}
	}
	wantFixed(sites[1:], 10, "kept")
}

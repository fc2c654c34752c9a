package packaging

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
	"magent/test/netns"
)

// host is a copy of this system with a network of its own, and a memcached.
type host struct {
	*netns.Space
	addr string
	init int // its first process
}

// startHosts starts hosts that a network joins, and a namespace for a client.
func startHosts(t *testing.T, n int) (hosts []*host, client *netns.Space) {
	t.Helper()
	harness.NeedNamespaces(t, "--mount", "--net", "--pid", "--fork")
	client = netns.New(t, "client")
	spaces := make([]*netns.Space, n)
	for i := range spaces {
		spaces[i] = netns.New(t, fmt.Sprint("cache", i+1))
	}
	netns.Wire(t, append(spaces, client)...)
	for i, s := range spaces {
		h := &host{Space: s, addr: netns.Address(i)}
		h.boot(t)
		hosts = append(hosts, h)
	}
	return hosts, client
}

// boot starts the first process.
func (h *host) boot(t *testing.T) {
	t.Helper()
	argv := []string{
		"unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "testdata/overlay.sh",
		t.TempDir(), "host.sh", "testdata/host.sh", "testdata/systemctl.sh",
	}
	p := h.Start("system", argv...)
	h.AwaitListening(h.addr + ":11211")
	children := testkit.ReadFile(t, fmt.Sprintf("/proc/%d/task/%[1]d/children", p.PID))
	pid, err := strconv.Atoi(strings.TrimSpace(children))
	if err != nil {
		t.Fatalf("%s has the processes %q", h.Name, children)
	}
	h.init = pid
}

// path is that of a file of the host, as seen from outside.
func (h *host) path(name string) string {
	return filepath.Join(fmt.Sprintf("/proc/%d/root", h.init), name)
}

// sh runs a command on the host, as ssh does. It must succeed.
func (h *host) sh(t *testing.T, command string) string {
	t.Helper()
	return run(t, h.inside("sh", "-c", command)...)
}

// inside returns the command line that runs a program on the host.
func (h *host) inside(argv ...string) []string {
	return append([]string{
		"nsenter", "--target", strconv.Itoa(h.init), "--mount", "--net", "--pid", "--root",
		"--wd=/root", "--",
	}, argv...)
}

// pid is the number of its magent, there. No other one takes over meanwhile.
func (h *host) pid(t *testing.T) string {
	t.Helper()
	return testkit.ReadFile(t, h.path("/run/magent/cache/pid"))
}

// serves waits until its magent serves.
func (h *host) serves(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, "the magent of "+h.Name+" serves", func() error {
		if code, _, said := harness.Run(t, h.inside("magent", "health", h.addr+":12000")...); code != 0 {
			return fmt.Errorf("it does not: %s", said)
		}
		return nil
	})
}

// told returns what systemctl was told to change since the last call.
func (h *host) told(t *testing.T) string {
	t.Helper()
	return strings.ReplaceAll(h.sh(t, "touch /run/units/log; cat /run/units/log; rm /run/units/log"), "\n", ";")
}

// has reports whether the host has the virtual address.
func (h *host) has() bool {
	return slices.ContainsFunc(h.Addresses(), func(a net.Addr) bool { return a.String() == netns.Virtual+"/24" })
}

// holder waits until one host alone has the virtual address, but not the excluded one.
func holder(t *testing.T, hosts []*host, but *host) (found *host) {
	t.Helper()
	testkit.Eventually(t, "one host has the address", func() error {
		var holders []string
		for _, h := range hosts {
			if h.has() {
				found, holders = h, append(holders, h.Name)
			}
		}
		if len(holders) != 1 || found == but {
			return fmt.Errorf("it is on %v", holders)
		}
		return nil
	})
	return found
}

package vip

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
	"magent/test/netns"
)

// port is that of magent, and of HAProxy on the virtual address.
const port = 12000

// host is a machine with a memcached, a magent and a keepalived.
type host struct {
	*netns.Space
	t          *testing.T
	i          int
	args       []string // of magent
	dir        string   // root's alone: keepalived wants scripts where nobody else can write
	memcached  *testkit.Process
	magent     *testkit.Process
	keepalived *testkit.Process
}

// cluster is three of them, a client, and the network that joins them.
type cluster struct {
	t       *testing.T
	hosts   []*host
	client  *netns.Space
	network *netns.Network
}

// newCluster has memcacheds, and magents with arguments beside those that say where they listen and what their servers
// are.
func newCluster(t *testing.T, args ...string) *cluster {
	t.Helper()
	c := newHosts(t, args...)
	for _, h := range c.hosts {
		h.startMemcached()
	}
	for _, h := range c.hosts { // so that all magents know all servers from the start
		c.client.AwaitListening(netns.Address(h.i) + ":11211")
	}
	for _, h := range c.hosts {
		h.startMagent()
	}
	return c
}

// newHosts has hosts on which nothing runs yet.
func newHosts(t *testing.T, args ...string) *cluster {
	t.Helper()
	harness.NeedNamespaces(t, "--net")
	c := &cluster{t: t, client: netns.New(t, "client")}
	var spaces []*netns.Space
	for i := range 3 {
		h := &host{
			Space: netns.New(t, fmt.Sprint("host", i)), t: t, i: i, args: args,
			dir: must(os.MkdirTemp("/run", "magent-test-")),
		}
		t.Cleanup(func() { // its magent has been killed
			harness.Forget(filepath.Join(h.dir, "state"))
			_ = os.RemoveAll(h.dir)
		})
		c.hosts = append(c.hosts, h)
		spaces = append(spaces, h.Space)
	}
	c.network = netns.Wire(t, append(spaces, c.client)...)
	return c
}

func (h *host) startMemcached() {
	h.t.Helper()
	h.memcached = h.Start("memcached", "memcached", "-u", "nobody", "-l", netns.Address(h.i), "-p", "11211",
		"-U", "0", "-t", "1", "-m", "64")
}

// startMagent runs it, and waits until it serves.
func (h *host) startMagent() {
	h.t.Helper()
	h.runMagent()
	h.awaitServing()
}

// runMagent runs it with the same servers in the same roles on every host, and waits until it listens.
func (h *host) runMagent() {
	h.t.Helper()
	argv := []string{
		harness.Binary(h.t), "--log-format", "json", "-l", "0.0.0.0", "-p", fmt.Sprint(port),
		"-s", netns.Address(0), "-s", netns.Address(1), "-b", netns.Address(2),
		"--state-dir", filepath.Join(h.dir, "state"),
	}
	h.magent = h.Start("magent", append(argv, h.args...)...)
	h.AwaitListening(h.local())
}

// awaitServing waits until the host's magent serves.
func (h *host) awaitServing() {
	h.t.Helper()
	testkit.Eventually(h.t, "magent of "+h.Name+" serves", func() error {
		if code, _, said := harness.Run(h.t, h.Inside(harness.Binary(h.t), "health", h.local())...); code != 0 {
			return fmt.Errorf("it does not: %s", said)
		}
		return nil
	})
}

func (h *host) local() string { return fmt.Sprintf("127.0.0.1:%d", port) }

// states are what the host's magent knows of the servers: state and number of dirty keys.
func (h *host) states() map[string]string {
	h.t.Helper()
	fields, states := h.stats(), map[string]string{}
	for i := range 3 {
		n := fmt.Sprint("server:", i, ":")
		states[fields[n+"address"]] = fields[n+"state"] + " " + fields[n+"dirty_keys"]
	}
	return states
}

// awaitSilence waits until nothing that the host's magent has sent to the other hosts can arrive any more: it has
// given its connections up, and so has the kernel. It is asked for something on all of them, for an idle one would not
// be noticed.
func (h *host) awaitSilence() {
	h.t.Helper()
	n := 0
	testkit.Eventually(h.t, "nothing is on its way from "+h.Name, func() error {
		n++
		h.ask(fmt.Sprintf("delete silence%d\r\n", n), "\n")
		fields := h.stats()
		for i := range 3 {
			n := fmt.Sprint("server:", i, ":")
			if i != h.i && (fields[n+"connected"] != "0" || fields[n+"draining_connections"] != "0") {
				return fmt.Errorf("it has %s connections to host%d, and %s that end", fields[n+"connected"], i,
					fields[n+"draining_connections"])
			}
		}
		return nil
	})
}

// othersMissed returns how many deadlines the memcacheds of all hosts but one have missed, as the host's magent sees
// it.
func (h *host) othersMissed(but *host) (n int) {
	h.t.Helper()
	fields := h.stats()
	for i := range 3 {
		if i != but.i {
			n += must(strconv.Atoi(fields[fmt.Sprintf("server:%d:timeouts", i)]))
		}
	}
	return n
}

// stats returns the fields of `stats servers` of the host's magent.
func (h *host) stats() map[string]string { return h.fields("stats servers") }

// general returns the fields of `stats` of the host's magent.
func (h *host) general() map[string]string { return h.fields("stats") }

func (h *host) fields(request string) map[string]string {
	h.t.Helper()
	fields := map[string]string{}
	for line := range strings.Lines(h.ask(request+"\r\n", "END\r\n")) {
		if words := strings.Fields(line); len(words) == 3 {
			fields[words[1]] = words[2]
		}
	}
	return fields
}

// state returns the state that the host's magent has for the memcached of host i.
func (h *host) state(i int) string {
	h.t.Helper()
	return h.states()[netns.Address(i)+":11211"]
}

// ask sends a request to the magent of the host, from that host. It returns the reply, whose end is given.
func (h *host) ask(request, end string) string {
	h.t.Helper()
	return h.askAt(h.local(), request, end)
}

func (h *host) askAt(addr, request, end string) string {
	h.t.Helper()
	conn, err := h.Dial(addr, 10*time.Second)
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		h.t.Fatal(err)
	}
	reply := make([]byte, 0, 64<<10)
	for !strings.HasSuffix(string(reply), end) {
		n, err := conn.Read(reply[len(reply):cap(reply)])
		if reply = reply[:len(reply)+n]; err != nil {
			h.t.Fatalf("%s: %q: %q, %v", h.Name, request, reply, err)
		}
	}
	return string(reply)
}

// awaitUp waits until the host's magent uses all servers, and none has to be repaired.
func (h *host) awaitUp() {
	h.t.Helper()
	testkit.Eventually(h.t, "all servers are up for "+h.Name, func() error { return h.lacks(nil) })
}

// lacks returns an error if awaitUp would wait. It does not look at the memcached of one host.
func (h *host) lacks(but *host) error {
	h.t.Helper()
	states := h.states()
	for i := range 3 {
		if (but == nil || i != but.i) && states[netns.Address(i)+":11211"] != "up 0" {
			return fmt.Errorf("%v", states)
		}
	}
	return nil
}

// awaitUp waits until one host alone has the virtual address and lacks nothing, apart from the memcached of one host.
// On a busy machine the address may move once more.
func (c *cluster) awaitUp(but *host) (active *host) {
	c.t.Helper()
	testkit.Eventually(c.t, "all servers are up", func() error {
		holders := slices.DeleteFunc(slices.Clone(c.hosts), func(h *host) bool { return !h.has() })
		if len(holders) != 1 {
			return fmt.Errorf("%d hosts have the address", len(holders))
		}
		active = holders[0]
		return active.lacks(but)
	})
	return active
}

// startKeepalived runs keepalived with the configuration that is shipped, apart from addresses and paths, and from
// what is to be changed: pairs of an old and a new text.
func (h *host) startKeepalived(change ...string) {
	h.t.Helper()
	root := must(harness.ModuleRoot())
	write := func(name, text string) string {
		path := filepath.Join(h.dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			h.t.Fatal(err)
		}
		return path
	}
	var peers []string
	for i := range 3 {
		if i != h.i {
			peers = append(peers, fmt.Sprintf("%s:%d", netns.Address(i), port))
		}
	}
	env := write("vip.env",
		fmt.Sprintf("MAGENT=%s\nADDRESS=%s\nPEERS=%q\n", harness.Binary(h.t), h.local(), strings.Join(peers, " ")))
	check := filepath.Join(h.dir, "check_magent")
	harness.WriteProgram(h.t, check, must(os.ReadFile(filepath.Join(root, "deploy/keepalived/check_magent"))))
	text := strings.NewReplacer(append(change,
		"/etc/keepalived/check_magent", check, "/etc/magent/vip.env", env, "10.0.0.100", netns.Virtual)...,
	).Replace(string(must(os.ReadFile(filepath.Join(root, "deploy/keepalived/keepalived.conf")))))
	h.keepalived = h.Start("keepalived", "keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp",
		"--use-file", write("keepalived.conf", text), "--pid", filepath.Join(h.dir, "pid"), "--vrrp_pid",
		filepath.Join(h.dir, "vrrp_pid"))
}

// has reports whether the host holds the virtual address.
func (h *host) has() bool {
	h.t.Helper()
	return slices.ContainsFunc(h.Addresses(), func(a net.Addr) bool { return a.String() == netns.Virtual+"/24" })
}

// holder waits until one host, but not the excluded one, holds the virtual address for a while. Two hosts may have it
// for a moment.
func (c *cluster) holder(but *host) *host {
	c.t.Helper()
	var found *host
	same := 0
	testkit.Eventually(c.t, "a host keeps the virtual address", func() error {
		last := found
		var holders []string
		for _, h := range c.hosts {
			if h != but && h.has() {
				found = h
				holders = append(holders, h.Name)
			}
		}
		if len(holders) != 1 || found != last {
			same = 0
		}
		if same++; same < 100 {
			return fmt.Errorf("it is on %v", holders)
		}
		return nil
	})
	return found
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

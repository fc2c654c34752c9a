package chaos

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
	"magent/test/netns"
)

// members is how many hosts a fleet has, each with a magent and a memcached. The last memcached is the backup.
const members = 3

// How long a client waits for a connection, and for a reply. A host may be silent, and a reset may be lost.
const (
	connectTime = time.Second
	replyTime   = 15 * time.Second
)

// Ports on every host.
const (
	clientPort = 12000
	linkPort   = 12100
	cachePort  = 11211
)

// host is a machine of a fleet.
type host struct {
	*netns.Space
	f         *fleet
	i         int
	dir       string
	magent    *testkit.Process
	memcached *testkit.Process
}

// fleet is several hosts, and one more for the clients.
type fleet struct {
	t       *testing.T
	magent  string // the binary
	env     []string
	args    []string // more of magent's
	hosts   []*host
	client  *netns.Space
	network *netns.Network
}

// startFleet runs memcacheds and magents, and waits until all of them serve.
func startFleet(t *testing.T, binary string, env, args []string) *fleet {
	t.Helper()
	harness.NeedNamespaces(t, "--net")
	f := &fleet{t: t, magent: binary, env: env, args: args, client: netns.New(t, "client")}
	var spaces []*netns.Space
	for i := range members {
		h := &host{Space: netns.New(t, fmt.Sprint("host", i)), f: f, i: i, dir: t.TempDir()}
		t.Cleanup(func() { harness.Forget(filepath.Join(h.dir, "state")) }) // its magent has been killed
		f.hosts, spaces = append(f.hosts, h), append(spaces, h.Space)
	}
	f.network = netns.Wire(t, append(spaces, f.client)...)
	for _, h := range f.hosts {
		// memcached has an address of its own, so that it can be cut off from one host alone.
		h.IP("address", "add", cacheAddress(h.i)+"/24", "dev", "eth0")
		h.startMemcached()
	}
	for _, h := range f.hosts {
		f.client.AwaitListening(h.cache())
	}
	f.writeSecret()
	for _, h := range f.hosts {
		h.startMagent()
	}
	for _, h := range f.hosts {
		h.awaitServing()
	}
	return f
}

func cacheAddress(i int) string { return netns.Address(members + 1 + i) }

// cache is where the host's memcached listens.
func (h *host) cache() string { return fmt.Sprintf("%s:%d", cacheAddress(h.i), cachePort) }

// proxy is where the host's magent listens.
func (h *host) proxy() string { return fmt.Sprintf("%s:%d", netns.Address(h.i), clientPort) }

func (h *host) name() string { return fmt.Sprint("m", h.i) }

func (h *host) startMemcached() {
	h.f.t.Helper()
	h.memcached = h.Start("memcached", "memcached", "-u", "nobody", "-l", cacheAddress(h.i), "-p",
		fmt.Sprint(cachePort), "-U", "0", "-t", "4", "-R", "1", "-m", "64")
}

// startMagent runs it, and does not wait.
func (h *host) startMagent() {
	h.f.t.Helper()
	var list []string
	argv := []string{h.f.magent, "--log-format", "json", "-l", "0.0.0.0", "-p", fmt.Sprint(clientPort)}
	for _, other := range h.f.hosts {
		list = append(list, fmt.Sprintf("%s=%s:%d", other.name(), netns.Address(other.i), linkPort))
		flag := "-s"
		if other.i == members-1 {
			flag = "-b"
		}
		argv = append(argv, flag, other.cache())
	}
	argv = append(argv, "--fleet", strings.Join(list, ","), "--member", h.name(),
		"--fleet-secret-file", h.f.secret(), "--state-dir", filepath.Join(h.dir, "state"))
	h.magent = testkit.StartWith(h.f.t, "magent of "+h.Name, h.f.env, h.Inside(append(argv, h.f.args...)...)...)
}

// writeSecret writes the file that all members have, once: a member may read it at any time.
func (f *fleet) writeSecret() {
	f.t.Helper()
	if err := os.WriteFile(f.secret(), []byte("several proxies that act as one\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) secret() string { return filepath.Join(f.hosts[0].dir, "secret") }

// awaitServing waits until the host's magent serves.
func (h *host) awaitServing() {
	h.f.t.Helper()
	local := fmt.Sprintf("127.0.0.1:%d", clientPort)
	testkit.Eventually(h.f.t, "magent of "+h.Name+" serves", func() error {
		code, _, said := harness.Run(h.f.t, h.Inside(harness.Binary(h.f.t), "health", local)...)
		if code != 0 {
			return fmt.Errorf("it does not: %s", said)
		}
		return nil
	})
}

// open connects a client to the host's magent.
func (h *host) open() (*harness.Client, error) {
	conn, err := h.f.client.Dial(h.proxy(), connectTime)
	if err != nil {
		return nil, err
	}
	c := harness.NewClient(conn)
	c.Limit = replyTime
	return c, nil
}

// openCache connects to the host's memcached.
func (h *host) openCache() (*harness.Client, error) {
	conn, err := h.f.client.Dial(h.cache(), testkit.Patience)
	if err != nil {
		return nil, err
	}
	return harness.NewClient(conn), nil
}

// stats asks the host's magent.
func (h *host) stats(what string) (map[string]string, error) {
	c, err := h.open()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	reply, err := c.Try("stats " + what + "\r\n")
	if err != nil {
		return nil, err
	}
	return harness.ParseStats(reply)
}

// owners are the hosts whose magents decide, by what for, as all of them say.
func (f *fleet) owners() (owners map[string]*host, err error) {
	owners = map[string]*host{}
	for i, h := range f.hosts {
		s, err := h.stats("fleet")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", h.Name, err)
		}
		for _, other := range f.hosts {
			if state := s["member:"+other.name()+":state"]; state != "alive" {
				return nil, fmt.Errorf("%s says that %s is %q", h.Name, other.name(), state)
			}
		}
		said := 0
		for what, name := range s {
			if what != "view:owner" && !strings.HasPrefix(what, "owner:") {
				continue
			}
			said++
			at := slices.IndexFunc(f.hosts, func(o *host) bool { return o.name() == name })
			switch {
			case at < 0, i > 0 && owners[what] != f.hosts[at]:
				return nil, fmt.Errorf("%s says that %q decides for %s", h.Name, name, what)
			}
			owners[what] = f.hosts[at]
		}
		if said == 0 || said != len(owners) {
			return nil, fmt.Errorf("%s names %d owners of %d", h.Name, said, len(owners))
		}
	}
	return owners, nil
}

// awaitWell waits until all members are alive, and owners use all servers, which have missed nothing. It calls look
// before each look, and returns one of the owners.
func (f *fleet) awaitWell(look func()) (owner *host) {
	f.t.Helper()
	testkit.Eventually(f.t, "the fleet and its servers are well", func() error {
		look()
		owners, err := f.owners()
		if err != nil {
			return err
		}
		for _, what := range slices.Sorted(maps.Keys(owners)) {
			owner = owners[what]
			s, err := owner.stats("servers")
			if err != nil {
				return err
			}
			for i := range members {
				address, state := s[fmt.Sprintf("server:%d:address", i)], s[fmt.Sprintf("server:%d:state", i)]
				if dirty := s[fmt.Sprintf("server:%d:dirty_keys", i)]; state != "up" || dirty != "0" {
					return fmt.Errorf("server %d, %s, is %q, dirty keys: %q", i, address, state, dirty)
				}
			}
		}
		return nil
	})
	return owner
}

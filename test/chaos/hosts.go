package chaos

import (
	"flag"
	"fmt"
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

var memberLogs = flag.String("memberlogs", "", "the folder for the logs of the members; empty: they are not kept")

// members is how many hosts a fleet has, each with a magent and a memcached. The last memcached is the backup.
const members = 3

// How long a client waits for a connection, and for a reply. A host may be silent, and a reset may be lost.
const (
	connectTime = time.Second
	replyTime   = 15 * time.Second
)

// Deadlines of the magents, for a reply and for a connection.
const (
	serverTimeout  = 200 * time.Millisecond
	connectTimeout = 200 * time.Millisecond
)

// underWay is how long after a fault something may still fail because of it: a request that waits for a connection,
// and then for a reply. Until then servers that have missed something may look well.
const underWay = connectTimeout + serverTimeout + watchLimit

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
	magent    *testkit.Process // that was started by the test
	pid       int              // of the magent that serves: another one after an upgrade
	memcached *testkit.Process
}

// fleet is several hosts, and one more for the clients.
type fleet struct {
	t       *testing.T
	magent  string // the binary
	env     []string
	loops   int      // of each magent
	args    []string // more of magent's
	hosts   []*host
	client  *netns.Space
	network *netns.Network
}

// startFleet runs memcacheds and magents, and waits until all of them serve.
func startFleet(t *testing.T, binary string, env []string, loops int, args []string) *fleet {
	t.Helper()
	harness.NeedNamespaces(t, "--net")
	f := &fleet{t: t, magent: binary, env: env, loops: loops, args: args, client: netns.New(t, "client")}
	var spaces []*netns.Space
	for i := range members {
		h := &host{Space: netns.New(t, fmt.Sprint("host", i)), f: f, i: i, dir: t.TempDir()}
		t.Cleanup(h.cleanUp)
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

// writeSecret writes the file that all members have, once: a member may read it at any time.
func (f *fleet) writeSecret() {
	f.t.Helper()
	if err := os.WriteFile(f.secret(), []byte("several proxies that act as one\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) secret() string { return filepath.Join(f.hosts[0].dir, "secret") }

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

// owners are the hosts whose magents decide, by what for, as all of them say, and the epoch that they know.
func (f *fleet) owners() (owners map[string]*host, epoch string, err error) {
	owners = map[string]*host{}
	for i, h := range f.hosts {
		s, err := h.stats("fleet")
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", h.Name, err)
		}
		for _, other := range f.hosts {
			if state := s["member:"+other.name()+":state"]; state != "alive" {
				return nil, "", fmt.Errorf("%s says that %s is %q", h.Name, other.name(), state)
			}
		}
		if e := s["view:epoch"]; i > 0 && e != epoch {
			return nil, "", fmt.Errorf("%s knows epoch %s, and others %s", h.Name, e, epoch)
		}
		epoch = s["view:epoch"]
		said := 0
		for what, name := range s {
			if what != "view:owner" && !strings.HasPrefix(what, "owner:") {
				continue
			}
			said++
			at := slices.IndexFunc(f.hosts, func(o *host) bool { return o.name() == name })
			switch {
			case at < 0, i > 0 && owners[what] != f.hosts[at]:
				return nil, "", fmt.Errorf("%s says that %q decides for %s", h.Name, name, what)
			}
			owners[what] = f.hosts[at]
		}
		if said == 0 || said != len(owners) {
			return nil, "", fmt.Errorf("%s names %d owners of %d", h.Name, said, len(owners))
		}
	}
	return owners, epoch, nil
}

// awaitMembers waits until all members are alive, as all of them say.
func (f *fleet) awaitMembers() {
	f.t.Helper()
	testkit.Eventually(f.t, "all members are there", func() error {
		_, _, err := f.owners()
		return err
	})
}

// awaitWell waits until all members are alive, and owners use all servers, which have missed nothing. It calls look
// before each look, and returns one of the owners.
func (f *fleet) awaitWell(look func()) (owner *host) {
	f.t.Helper()
	testkit.Eventually(f.t, "the fleet and its servers are well", func() error {
		look()
		owners, before, err := f.owners()
		if err != nil {
			return err
		}
		for _, h := range f.hosts {
			var groups []string
			for what, by := range owners {
				if by == h {
					groups, owner = append(groups, what), h
				}
			}
			if err := h.usesAll(groups); err != nil {
				return fmt.Errorf("%s: %w", h.Name, err)
			}
		}
		if _, after, err := f.owners(); err != nil || after != before {
			return fmt.Errorf("the view changes: epoch %s, then %q, %w", before, after, err)
		}
		return nil
	})
	return owner
}

// usesAll reports whether a host's magent is connected to all servers of the groups that it decides for, and uses
// them, and whether none of them has missed anything. As long as it does not decide yet, other addresses stand there.
func (h *host) usesAll(groups []string) error {
	if len(groups) == 0 {
		return nil
	}
	s, err := h.stats("servers")
	if err != nil {
		return err
	}
	wanted := map[string]int{h.f.hosts[members-1].cache(): h.f.loops * len(groups)} // connections, by server
	for _, group := range groups {
		_, primary, _ := strings.Cut(group, "/")
		wanted[primary] = h.f.loops
	}
	for i := range members {
		get := func(what string) string { return s[fmt.Sprintf("server:%d:%s", i, what)] }
		address := get("address")
		want, connected := fmt.Sprint(wanted[address]), get("connected")
		if wanted[address] == 0 {
			continue
		}
		delete(wanted, address)
		if get("state") != "up" || get("dirty_keys") != "0" || get("dirty_overflow") != "0" || connected != want {
			return fmt.Errorf("server %s is %q, dirty keys: %q, all: %q, %q of %s connections", address, get("state"),
				get("dirty_keys"), get("dirty_overflow"), connected, want)
		}
	}
	if len(wanted) > 0 {
		return fmt.Errorf("it does not decide yet for %v", groups)
	}
	return nil
}

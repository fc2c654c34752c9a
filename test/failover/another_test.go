package failover

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// door is an address that forwards connections to a server, and can be switched to another one.
type door struct {
	Addr string

	mu    sync.Mutex
	to    string
	conns []net.Conn
	shut  bool
	all   sync.WaitGroup
}

func openDoor(t *testing.T, to string) *door {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{Addr: ln.Addr().String(), to: to}
	d.all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			d.enter(c)
		}
	})
	t.Cleanup(func() {
		ln.Close()
		d.mu.Lock()
		d.shut = true
		d.mu.Unlock()
		d.leadTo("")
		d.all.Wait()
	})
	return d
}

// enter forwards a connection to the present server of the door.
func (d *door) enter(c net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, err := net.Dial("tcp", d.to)
	if d.shut || err != nil {
		c.Close()
		return
	}
	d.conns = append(d.conns, c, s)
	for _, way := range [][2]net.Conn{{c, s}, {s, c}} {
		d.all.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			way[0].Close()
		})
	}
}

// leadTo switches the door to another server. Existing connections are closed.
func (d *door) leadTo(to string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.to = to
	for _, c := range d.conns {
		c.Close()
	}
	d.conns = nil
}

const otherKeys = 300

// outdated stores values that are overwritten or deleted later.
func outdated(t *testing.T, c *harness.Client) {
	t.Helper()
	var steps [][]string
	for i := range otherKeys {
		steps = append(steps,
			[]string{harness.Set(fmt.Sprintf("new%d", i), "old"), "STORED\r\n"},
			[]string{harness.Set(fmt.Sprintf("deleted%d", i), "old"), "STORED\r\n"})
	}
	together(t, c, steps)
}

// upToDate overwrites and deletes the values of outdated, and stores some more.
func upToDate(t *testing.T, c *harness.Client) {
	t.Helper()
	var steps [][]string
	for i := range otherKeys {
		steps = append(steps,
			[]string{harness.Set(fmt.Sprintf("new%d", i), "new"), "STORED\r\n"},
			[]string{fmt.Sprintf("delete deleted%d\r\n", i), "DELETED\r\n"},
			[]string{harness.Set(fmt.Sprintf("more%d", i), "new"), "STORED\r\n"})
	}
	together(t, c, steps)
}

// readAll counts what a client reads: right values, old values, and keys that were deleted. With old values some
// replies may be errors.
func readAll(c *harness.Client) (right, old, undead, errors int) {
	for _, key := range []string{"new", "deleted", "more"} {
		var gets strings.Builder
		for i := range otherKeys {
			fmt.Fprintf(&gets, "get %s%d\r\n", key, i)
		}
		c.Send(gets.String())
		for range otherKeys {
			got := c.Reply()
			_, value, _ := strings.Cut(got, "\r\n")
			switch {
			case harness.IsError(got):
				errors++
			case key == "deleted" && got != "END\r\n":
				undead++
			case strings.HasPrefix(value, "old"):
				old++
			case strings.HasPrefix(value, "new"):
				right++
			}
		}
	}
	return right, old, undead, errors
}

// leastRight is how many right values readAll must find. Without meta commands nothing can be copied, so every key may
// be a miss.
func leastRight(t *testing.T) int {
	if harness.MetaOf(t) == harness.NoMeta {
		return 0
	}
	return 2 * otherKeys
}

// TestAnotherMemoryBehindAnAddress switches the address of a server to another memcached, which holds old values and
// deleted keys. None of these may ever be read, and no key may be a miss.
func TestAnotherMemoryBehindAnAddress(t *testing.T) {
	t.Parallel()
	loops := []string{"2", "1"}
	if testing.Short() {
		loops = loops[:1]
	}
	for _, threads := range loops {
		for _, args := range [][]string{nil, {"-o", "no_lru_crawler"}} {
			for _, role := range []string{"primary", "backup"} {
				t.Run(role+threads+strings.Join(args, ""), func(t *testing.T) {
					t.Parallel()
					anotherMemory(t, role == "primary", threads, args)
				})
			}
		}
	}
}

func anotherMemory(t *testing.T, primary bool, threads string, args []string) {
	before, another, other := harness.StartMemcached(t), harness.StartMemcached(t, args...), harness.StartMemcached(t)
	d := openDoor(t, before.Addr)
	servers := []string{"-s", other.Addr, "-b", d.Addr}
	if primary {
		servers = []string{"-s", d.Addr, "-b", other.Addr}
	}
	proxy := harness.StartMagent(t, soon(append(servers, "--threads", threads)...)...)
	c := harness.Dial(t, proxy.Addr)
	outdated(t, harness.Dial(t, another.Addr))
	outdated(t, c)
	upToDate(t, c)

	d.leadTo(another.Addr)
	least := leastRight(t)
	check := func(when string) {
		t.Helper()
		if right, old, undead, errors := readAll(c); right < least || old+undead+errors > 0 {
			t.Fatalf("%s: %d right, %d old, %d deleted ones are back, %d errors", when, right, old, undead, errors)
		}
	}
	testkit.Eventually(t, "the other memory is known", func() error {
		check("meanwhile")
		if !strings.Contains(proxy.Log(), "another server answers at this address") {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	testkit.Eventually(t, "the other memory is used", func() error {
		check("meanwhile")
		if got := harness.ServerStat(t, proxy.Addr, d.Addr, "state"); got != "up" {
			return fmt.Errorf("it is %s", got)
		}
		return nil
	})
	check("then")
	if right, old, undead, _ := readAll(harness.Dial(t, another.Addr)); right < least || old+undead > 0 {
		t.Errorf("it holds %d right ones, %d old ones, %d deleted ones", right, old, undead)
	}
	other.Kill()
	check("alone")
}

// TestBothAreOtherMemories replaces both copies by old ones. This may lead to misses, and to nothing else.
func TestBothAreOtherMemories(t *testing.T) {
	t.Parallel()
	p, b := harness.StartMemcached(t), harness.StartMemcached(t)
	dp, db := openDoor(t, p.Addr), openDoor(t, b.Addr)
	proxy := harness.StartMagent(t, soon("-s", dp.Addr, "-b", db.Addr)...)
	c := harness.Dial(t, proxy.Addr)
	outdated(t, c)
	upToDate(t, c)
	for _, d := range []*door{dp, db} {
		another := harness.StartMemcached(t)
		outdated(t, harness.Dial(t, another.Addr))
		d.leadTo(another.Addr)
	}
	check := func() {
		t.Helper()
		if _, old, undead, _ := readAll(c); old+undead > 0 {
			t.Fatalf("%d old, %d deleted ones are back", old, undead)
		}
	}
	for _, d := range []*door{dp, db} {
		testkit.Eventually(t, "the other memory is used", func() error {
			check()
			if got := harness.ServerStat(t, proxy.Addr, d.Addr, "state"); got != "up" ||
				strings.Count(proxy.Log(), "another server answers") < 2 {
				return fmt.Errorf("it is %s", got)
			}
			return nil
		})
	}
	c.Want(harness.Set("k", "1"), "STORED\r\n")
	check()
}

// TestAnotherMemoryAfterARestartOfOurs replaces the server while no magent runs.
func TestAnotherMemoryAfterARestartOfOurs(t *testing.T) {
	t.Parallel()
	before, another, backup := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
	least, d := leastRight(t), openDoor(t, before.Addr)
	args := soon("-s", d.Addr, "-b", backup.Addr, "--state-dir", t.TempDir())
	proxy := harness.StartMagent(t, args...)
	c := harness.Dial(t, proxy.Addr)
	outdated(t, harness.Dial(t, another.Addr))
	outdated(t, c)
	upToDate(t, c)
	proxy.Kill()
	d.leadTo(another.Addr)
	proxy = harness.StartMagent(t, args...)
	c = harness.Dial(t, proxy.Addr)
	testkit.Eventually(t, "the other memory is used", func() error {
		if right, old, undead, _ := readAll(c); right < least || old+undead > 0 {
			t.Fatalf("%d right, %d old, %d deleted ones are back", right, old, undead)
		}
		if got := harness.ServerStat(t, proxy.Addr, d.Addr, "state"); got != "up" ||
			!strings.Contains(proxy.Log(), "another server answers") {
			return fmt.Errorf("it is %s", got)
		}
		return nil
	})
}

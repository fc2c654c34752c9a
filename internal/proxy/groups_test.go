package proxy

import (
	"fmt"
	"strings"
	"testing"

	"magent/failover"
	"magent/internal/fleet/view"
	"magent/internal/placement"
	"magent/internal/session"
	"magent/internal/testkit"
)

// owners are the names of those who decide for the groups, in their order, as all members that run say; empty: they do
// not agree, or not all may decide yet.
func (f *fleetRig) owners() string {
	said := map[string]bool{}
	for _, svc := range f.svcs {
		if svc == nil {
			continue
		}
		var all []string
		figures := svc.fleet()
		if len(figures.Unready()) > 0 {
			return ""
		}
		for n := range f.svcs {
			if f.svcs[n] != nil && figures.Members[n].State != view.Alive.String() {
				return ""
			}
		}
		for _, g := range figures.Groups {
			if g.Owner == "" || g.Owner == figures.Name && !g.Owns {
				return ""
			}
			all = append(all, g.Owner)
		}
		said[strings.Join(all, " ")] = true
	}
	for all := range said {
		if len(said) == 1 {
			return all
		}
	}
	return ""
}

// owned waits until these members decide for the groups.
func (f *fleetRig) owned(want string) {
	f.t.Helper()
	testkit.Until(f.t, "the groups are decided for by "+want, func() bool { return f.owners() == want })
}

// keysOf returns so many keys of each group.
func (f *fleetRig) keysOf(each int) (keys [][]string) {
	rings, err := placement.New(&f.pool)
	if err != nil {
		f.t.Fatal(err)
	}
	keys = make([][]string, len(f.pool.Servers))
	for i, left := 0, each*len(keys); left > 0; i++ {
		key := fmt.Sprint("key", i)
		if g := rings.Share([]byte(key)); len(keys[g]) < each {
			keys[g], left = append(keys[g], key), left-1
		}
	}
	return keys
}

// client connects to a member.
func (f *fleetRig) client(i int) *client {
	f.t.Helper()
	return newClient(f.t, testkit.Dial(f.t, "tcp", f.addrs[i]))
}

// Each member decides for the keys of one primary. When one is killed others decide for its group, which goes back
// when it has been well for a while. Requests of one client for all groups are answered in order.
func TestFleetGroups(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 3)
	keys := f.keysOf(2)
	for i := range f.svcs {
		c := f.client(i)
		var asked, want strings.Builder
		for n := range 2 {
			for g := range keys {
				value := fmt.Sprintf("value%d%d%d", i, n, g)
				fmt.Fprintf(&asked, "set %s 0 0 %d\r\n%s\r\nget %s\r\n", keys[g][n], len(value), value, keys[g][n])
				fmt.Fprintf(&want, "STORED\r\nVALUE %s 0 %d\r\n%s\r\nEND\r\n", keys[g][n], len(value), value)
			}
		}
		// The values of a multi-get come in its order, and its end once.
		asked.WriteString("get")
		for n := range 2 {
			for g := range keys {
				value := fmt.Sprintf("value%d%d%d", i, n, g)
				fmt.Fprintf(&asked, " %s nothing%d", keys[g][n], g)
				fmt.Fprintf(&want, "VALUE %s 0 %d\r\n%s\r\n", keys[g][n], len(value), value)
			}
		}
		c.say(asked.String() + "\r\nmn\r\n")
		c.hear(want.String() + "END\r\nMN\r\n")
	}
	f.kill(1)
	for g := range keys {
		f.served(2, keys[g][0])
	}
	f.start(1)
	f.owned("a b c")
	for g := range keys {
		c := f.client(g)
		for n := range 2 {
			value := fmt.Sprintf("value2%d%d", n, g)
			c.say("get " + keys[g][n] + "\r\n")
			c.hear(fmt.Sprintf("VALUE %s 0 %d\r\n%s\r\nEND\r\n", keys[g][n], len(value), value))
			f.holds(f.pool.Servers[g], keys[g][n], value)
			f.holds(f.pool.Backups[0], keys[g][n], value)
			f.holds(f.pool.Servers[(g+1)%3], keys[g][n], "")
		}
	}
}

// A member that has the primaries and backups the other way round, and so a pool in one piece, takes the fleet's
// groups. It hands requests to their owners, and decides for a group when there is nobody else.
func TestFleetGroupsExchanged(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 2)
	f.swap(2)
	f.owned("a b")
	keys := f.keysOf(2)
	c := f.client(2)
	for g := range keys {
		for _, key := range keys[g] {
			c.say("set " + key + " 0 0 5\r\nvalue\r\n")
			c.hear("STORED\r\n")
			f.holds(f.pool.Servers[g], key, "value")
			f.holds(f.pool.Backups[0], key, "value")
		}
	}
	c.say("get " + keys[1][0] + " " + keys[0][1] + "\r\n")
	c.hear(fmt.Sprintf("VALUE %s 0 5\r\nvalue\r\nVALUE %s 0 5\r\nvalue\r\nEND\r\n", keys[1][0], keys[0][1]))
	f.kill(0)
	f.owned("c b")
	c = f.client(1)
	for g := range keys {
		c.say("set " + keys[g][1] + " 0 0 5\r\nother\r\n")
		c.hear("STORED\r\n")
		f.holds(f.pool.Servers[g], keys[g][1], "other")
		f.holds(f.pool.Servers[1-g], keys[g][1], "")
	}
}

// served waits until a member has a key served.
func (f *fleetRig) served(i int, key string) {
	f.t.Helper()
	testkit.Until(f.t, key+" is served", func() bool {
		got := f.ask(i, "get "+key+"\r\n")
		return strings.HasPrefix(got, "VALUE ")
	})
}

// A flush_all is carried out for all groups before it is answered, and what is asked behind it comes behind it. What
// it takes from other groups on the backup comes back.
func TestFleetGroupsFlush(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 3)
	keys := f.keysOf(4)
	for i := range f.svcs {
		c := f.client(i)
		for n := range keys {
			for _, key := range keys[n] {
				c.say("set " + key + " 0 0 3\r\nold\r\n")
				c.hear("STORED\r\n")
			}
		}
		var asked, want strings.Builder
		asked.WriteString("flush_all\r\n")
		want.WriteString("OK\r\n")
		for g := range keys {
			fmt.Fprintf(&asked, "get %s\r\nset %s 0 0 3\r\nnew\r\n", keys[g][0], keys[g][1])
			want.WriteString("END\r\nSTORED\r\n")
		}
		asked.WriteString("flush_all noreply\r\nget " + keys[1][1] + "\r\nset " + keys[2][2] + " 0 0 4\r\nlast\r\n")
		c.say(asked.String())
		c.hear(want.String() + "END\r\nSTORED\r\n")
		f.holds(f.pool.Servers[2], keys[2][2], "last")
		f.holds(f.pool.Backups[0], keys[2][2], "last")
	}
}

// A backup that is flushed for one group has lost what others had there. Whoever decides for them fills it again.
func TestFleetGroupsShareBackup(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 3)
	keys := f.keysOf(3)
	c := f.client(0)
	for g := range keys {
		for _, key := range keys[g] {
			c.say("set " + key + " 0 0 5\r\nvalue\r\n")
			c.hear("STORED\r\n")
		}
	}
	f.repaired()
	// The second member finds that all keys of its group are wrong on the backup.
	r := &rig{t: t, svc: f.svcs[1]}
	r.on(0, func(sh *session.Shard) { sh.Pools[0].Groups[1].Engine.MarkAllMissed(1, false) })
	testkit.Until(t, "the backup is flushed", func() bool {
		b := newClient(t, testkit.Dial(t, "tcp", f.pool.Backups[0].String()))
		defer b.c.Close()
		b.say("stats\r\n")
		for {
			switch line := b.line(); line {
			case "STAT cmd_flush 0\r\n", "END\r\n":
				return false
			case "STAT cmd_flush 1\r\n":
				return true
			}
		}
	})
	f.repaired()
	for g := range keys {
		for _, key := range keys[g] {
			f.holds(f.pool.Backups[0], key, "value")
		}
	}
}

// repaired waits until all servers are up on all loops that use them, and nothing has to be repaired there.
func (f *fleetRig) repaired() {
	f.t.Helper()
	testkit.Until(f.t, "all servers are repaired", func() (ok bool) {
		ok = true
		for _, svc := range f.svcs {
			if svc == nil {
				continue
			}
			for n := range svc.shards {
				(&rig{t: f.t, svc: svc}).on(n, func(sh *session.Shard) {
					for _, g := range sh.Pools[0].Groups {
						for i := range g.Conns {
							ok = ok && (g.Relay || g.Health.Server(i).State == failover.Up && !g.Engine.Missed(i))
						}
					}
				})
			}
		}
		return ok
	})
}

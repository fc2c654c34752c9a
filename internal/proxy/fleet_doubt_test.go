package proxy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"magent/backend"
	"magent/failover"
	"magent/internal/config"
	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
	"magent/internal/pool"
	"magent/internal/refill"
	"magent/internal/session"
	"magent/internal/testkit"
)

// store has a memcached itself store a value.
func (f *fleetRig) store(a config.Address, key, value string) {
	f.t.Helper()
	c := newClient(f.t, testkit.Dial(f.t, "tcp", a.String()))
	defer c.c.Close()
	c.say(fmt.Sprintf("set %s 0 0 %d\r\n%s\r\n", key, len(value), value))
	c.hear("STORED\r\n")
}

// TestFleetPrimaryHasMissedKeys: the owner dies, and has told before that the primary missed a key. So the backup has
// the only value of that. It is copied to the primary before the backup is compared with it for all other keys.
func TestFleetPrimaryHasMissedKeys(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 1)
	primary, backup := f.pool.Servers[0], f.pool.Backups[0]
	for _, key := range []string{"missed", "other"} {
		f.set(key, "right")
		f.holds(primary, key, "right")
		f.holds(backup, key, "right")
	}
	f.store(primary, "missed", "old")
	f.store(backup, "other", "old")
	first := f.owner()
	r := &rig{t: t, svc: f.svcs[first]}
	var told uint64
	term := func() (p *pool.Pool) {
		r.on(0, func(sh *session.Shard) { p = sh.Pools[0] })
		return p
	}
	e := book.Entry{Kind: book.Dirty, Server: pool.ServerOf(&f.pool, 0), Key: []byte("missed")}
	told, ok := term().Term().Record(core.Record{Kind: core.Knowledge, Data: e.Encode()})
	if !ok {
		t.Fatal("the owner's term is over")
	}
	testkit.Until(t, "all members know", func() bool { return term().Term().Gate().Kept() >= told })
	f.kill(first)
	second := f.owner()
	c := newClient(t, testkit.Dial(t, "tcp", f.addrs[second]))
	c.say("get missed\r\nget other\r\n")
	c.hear("VALUE missed 0 5\r\nright\r\nEND\r\nVALUE other 0 5\r\nright\r\nEND\r\n")
	for _, a := range []config.Address{primary, backup} {
		f.holds(a, "missed", "right")
		f.holds(a, "other", "right")
	}
}

// TestFleetNothingWasFlushed: the owner of one group dies while it compares what the backup has of it. The next one
// begins anew with that, for its own group: the others have there what they had, and go on reading it.
func TestFleetNothingWasFlushed(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 2)
	keys := f.keysOf(1)
	for g := range keys {
		f.set(keys[g][0], "value")
		f.holds(f.pool.Backups[0], keys[g][0], "value")
	}
	f.repaired()
	one := func(do func(p *pool.Pool)) { // with each loop of the first member, for its own group
		for n := range f.svcs[0].shards {
			(&rig{t: t, svc: f.svcs[0]}).on(n, func(sh *session.Shard) { do(sh.Pools[0].Groups[0]) })
		}
	}
	var before []*pool.Pool
	one(func(p *pool.Pool) { before = append(before, p) })
	connects := before[0].Conns[1].Stats.Connects
	second := &rig{t: t, svc: f.svcs[1]}
	for n := range f.svcs[1].shards {
		second.on(n, func(sh *session.Shard) {
			p := sh.Pools[0].Groups[1]
			p.Doubt(1, func([]byte) bool { return true })
			if !p.Engine.Distrusted(1) {
				t.Error("the backup is not being compared")
			}
		})
	}
	if got := f.ask(1, "get "+keys[1][0]+"\r\n"); !strings.HasPrefix(got, "VALUE ") { // all members know by then
		t.Fatalf("%q", got)
	}
	f.kill(1)
	f.set(keys[1][0], "other")
	f.repaired()
	f.holds(f.pool.Backups[0], keys[1][0], "other")
	one(func(p *pool.Pool) {
		if !slices.Contains(before, p) {
			t.Error("the first group is decided for anew: nothing is tested")
		}
		if now := p.Conns[1].Stats.Connects; p.Engine.Missed(1) || now != connects {
			t.Errorf("the backup was filled for the first group: %d connections, and %d before", now, connects)
		}
	})
}

// TestFleetDropsWhatIsCompared: a member may not decide any more while keys are deleted on a backup that it compares
// with the primary. What is lost with the connections is not continued.
func TestFleetDropsWhatIsCompared(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 1)
	for i := range 8 * refill.Batch {
		f.store(f.pool.Backups[0], fmt.Sprint("old", i), "old")
	}
	r := &rig{t: t, svc: f.svcs[f.owner()]}
	r.on(0, func(sh *session.Shard) {
		p := sh.Pools[0]
		p.Config.RefillRate = refill.Batch // a second for each batch, so that there is time
		p.Doubt(1, func([]byte) bool { return true })
		p.Conns[1].Close(backend.ErrRefill)
		p.Conns[1].Connect()
	})
	testkit.Until(t, "the keys of the backup are being listed", func() (dropped bool) {
		r.on(0, func(sh *session.Shard) {
			p := sh.Pools[0]
			if p.Health.Server(1).State != failover.Warming {
				return
			}
			for i := range 10 { // dirty on both servers, so they are deleted
				key := fmt.Sprint(i)
				p.Engine.MarkMissed(0, []byte(key))
				p.Engine.Cleanse(1, []string{key}, false)
			}
			p.Term().End()
			p.Drop()
			dropped = true
		})
		return dropped
	})
}

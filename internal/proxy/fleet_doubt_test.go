package proxy

import (
	"fmt"
	"testing"

	"magent/internal/config"
	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
	"magent/internal/pool"
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
	c := newClient(t, testkit.Dial(t, "tcp", f.svcs[second].Addrs()[0]))
	c.say("get missed\r\nget other\r\n")
	c.hear("VALUE missed 0 5\r\nright\r\nEND\r\nVALUE other 0 5\r\nright\r\nEND\r\n")
	for _, a := range []config.Address{primary, backup} {
		f.holds(a, "missed", "right")
		f.holds(a, "other", "right")
	}
}

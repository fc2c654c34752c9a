package proxy

import (
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// TestFleetRepairedKeyIsKept: one copy of a key was dirty, was repaired, and has been written since, while another key
// is still dirty on that server. Then the owner is lost together with the other server. What clients were told is
// there: the key is on record as dirty no more.
func TestFleetRepairedKeyIsKept(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]int{"backup": 1, "primary": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleetRig(t, 3, 1)
			addresses := []config.Address{f.pool.Servers[0], f.pool.Backups[0]}
			for _, key := range []string{"stored", "deleted", "dirty"} {
				f.set(key, "old")
				f.holds(addresses[server], key, "old")
			}
			owner := f.owner()
			r := &rig{t: t, svc: f.svcs[owner]}
			each := func(do func(sh *session.Shard)) {
				for id := range f.svcs[owner].shards {
					r.on(id, do)
				}
			}
			mark := func(key string, dirty func(sh *session.Shard)) {
				loop := f.svcs[owner].group.OwnerOf([]byte(key))
				each(func(sh *session.Shard) {
					if sh == loop {
						dirty(sh)
					}
				})
			}
			mark("dirty", func(sh *session.Shard) { // and nobody repairs it
				sh.Pools[0].Engine.Recall(server, []string{"dirty"}, false, false)
			})
			for _, key := range []string{"stored", "deleted"} {
				mark(key, func(sh *session.Shard) { sh.Pools[0].Engine.MarkMissed(server, []byte(key)) })
				testkit.Until(t, "it is repaired", func() bool { return !f.dirty(owner, server, key) })
			}
			f.set("stored", "new")
			testkit.Until(t, "the other one is deleted", func() bool {
				got := f.ask(owner, "delete deleted\r\n")
				return got == "DELETED\r\n" || got == "NOT_FOUND\r\n"
			})
			f.servers[1-server].Kill()
			f.kill(owner)
			next := f.owner()
			for key, want := range map[string]string{"stored": "VALUE stored 0 3\r\n", "deleted": "END\r\n"} {
				got := ""
				testkit.Until(t, "the next owner has repaired what is left", func() bool {
					got = f.ask(next, "get "+key+"\r\n")
					return got != "" && !strings.HasPrefix(got, "SERVER_ERROR ")
				})
				if got != want {
					t.Fatalf("%s: %q, want %q", key, got, want)
				}
			}
			f.holds(addresses[server], "stored", "new")
		})
	}
}

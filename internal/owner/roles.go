package owner

import (
	"bytes"
	"slices"

	"magent/internal/config"
	"magent/internal/fleet/core"
	"magent/internal/fleet/plan"
	"magent/internal/fleet/view"
	"magent/internal/placement"
	"magent/internal/pool"
)

// placement is what places keys, for view.SamePools.
func (f *Owner) placement() []byte {
	_, wholes := f.wholes()
	return plan.Shortened(plan.Text(wholes))
}

// takeRoles exchanges the primaries and the backups of a pool if the fleet has them the other way round, as in the
// how-to of magent 0.5. This process decides for nothing yet, since its view is new. It runs on the member's
// goroutine.
func (f *Owner) takeRoles(c *core.Core) {
	v := c.View()
	if len(v.Pools) == 0 || bytes.Equal(v.Pools, f.told) || !view.SamePools(v.Pools, f.told) {
		return
	}
	theirs := view.Split(v.Pools)
	for i := range f.count() {
		cfg := f.pool(i)
		own := plan.TextOf(cfg)
		if !cfg.Redis && !slices.Contains(theirs, own) && slices.Contains(theirs, view.Exchanged(own)) {
			f.exchange(i, cfg)
		}
	}
	f.told = f.placement()
	c.Offer(f.told, f.groups())
}

// exchange makes the primaries of a pool its backups, and the reverse, also in what is known of them. Other groups may
// take the place of its groups.
func (f *Owner) exchange(i int, before *config.Pool) {
	cfg, parts, due := placement.Exchanged(before), f.parts(i), int64(0)
	for _, n := range parts {
		name := f.pool(n).Name
		f.forget(f.pool(n))
		due = max(due, f.book.Due(name))
		f.void(name, 0, 0) // also in the journal, which has the roles
	}
	f.setPool(i, cfg)
	for _, n := range f.parts(i) {
		f.void(f.pool(n).Name, 0, due)
	}
	if now := f.parts(i); parts[0] == i && now[0] == i {
		f.rename(cfg)
	} else {
		f.begins(i, f.o.OnAll)
		f.nextRound(f.allOf(i))
		if now[0] != i {
			f.retire([]int{i})
		}
	}
	f.o.Log.Warn().Str("pool", cfg.Name).
		Strs("servers", config.Texts(cfg.Servers)).Strs("backups", config.Texts(cfg.Backups)).
		Msg("the fleet has primaries and backups the other way round, and this member takes its roles")
}

// forget removes the servers of a pool from the journal, as far as it is about what other members have recorded.
func (f *Owner) forget(cfg *config.Pool) {
	for n := range len(cfg.Servers) + len(cfg.Backups) {
		if j := f.o.Process.Journal; j != nil {
			j.Clean(f.othersLoop(), j.Server(pool.ServerOf(cfg, n)))
		}
	}
}

// rename gives what is known of the servers of a pool to their new roles.
func (f *Owner) rename(cfg *config.Pool) {
	roles := map[string]string{}
	for n := range len(cfg.Servers) + len(cfg.Backups) {
		server := pool.ServerOf(cfg, n)
		roles[server.Address] = server.Role
	}
	f.book.Rename(cfg.Name, roles)
	for known := f.book.Entries(cfg.Name); ; {
		entries := known.Next(maxPiece)
		for _, e := range entries {
			f.write(e)
		}
		if len(entries) == 0 {
			return
		}
	}
}

package proxy

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/maintenance"
	"magent/internal/owner"
	"magent/internal/pool"
	"magent/internal/session"
)

// As long as a member does not know whether the fleet goes over, it changes nothing. When it has gone over after all,
// whoever asks for something next finds the pools as they are: a reload, and an operator who drains a server.
func TestFleetGoesOverLate(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 2, 2)
	all := f.withFiles()
	p := f.pool
	p.Servers = append(slices.Clip(p.Servers), f.more())
	all.write(p)
	all.another("more", []config.Address{f.more()}, []config.Address{f.more()})
	svc, file := f.svcs[0], append(all.pools[:1:1], all.redis[0]...)
	all.mu[0].Lock()
	unlock := sync.OnceFunc(all.mu[0].Unlock)
	defer unlock()
	turn := all.undecided(file)
	pending := func(err error) {
		t.Helper()
		if !errors.Is(err, owner.ErrPending) {
			t.Errorf("%v, want: %v", err, owner.ErrPending)
		}
	}
	pending(svc.Reload(file))
	other := append(f.file(0), all.redis[0]...)
	other[0].MaxValue = 1000
	pending(svc.Reload(other))
	drain := func(a config.Address) maintenance.Wish {
		o := &maintenance.Order{Pool: p.Name, Server: a.String(), Since: 1, Stamp: time.Now().UnixMilli()}
		return maintenance.Wish{Pool: p.Name, Server: o.Server, Order: o}
	}
	q := maintenance.Question{Do: true, Force: true, Wishes: []maintenance.Wish{drain(p.Servers[0])}}
	if a := svc.Maintain(q); a.Refused != owner.ErrPending.Error() {
		t.Errorf("%+v", a)
	}
	_, err := svc.PlacesOf(p.Servers[0].String(), "")
	pending(err)
	_, err = svc.Learn(maintenance.List{*q.Wishes[0].Order})
	pending(err)
	if svc.turn != turn || len(svc.drained) > 0 || svc.cfgs[0].MaxValue != 0 {
		t.Fatal("something has changed")
	}
	all.goOver(turn, file, func() {}) // now it hears of it
	if a := svc.Maintain(maintenance.Question{Wishes: []maintenance.Wish{drain(p.Servers[2])}}); a.Refused != "" {
		t.Errorf("a new server is not known: %s", a.Refused)
	}
	if len(svc.Addrs()) != 2 || svc.turn != nil {
		t.Errorf("it listens at %v", svc.Addrs())
	}
	unlock()
	all.serves(0)
	if a := svc.Maintain(q); a.Refused != "" {
		t.Error(a.Refused)
	}
	other[0].Servers = all.pools[0].Servers
	if err := svc.Reload(other); err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, svc: svc}
	r.eventually(0, "all groups have what the file says", func(sh *session.Shard) bool {
		groups := sh.Pools[0].Groups
		return len(groups) == len(p.Servers) && !slices.ContainsFunc(groups, func(g *pool.Pool) bool {
			return g.Config.MaxValue != 1000 || g.Config.DrainOf(q.Wishes[0].Server) == nil
		})
	})
}

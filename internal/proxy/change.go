package proxy

import (
	"cmp"
	"crypto/tls"
	"reflect"
	"slices"

	"magent/internal/access"
	"magent/internal/config"
	"magent/internal/handshake"
	"magent/internal/login"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/probe"
	"magent/internal/session"
)

// reload is one change of the pools.
type reload struct {
	svc          *Service
	before       []*config.Pool // by index; nil: none
	after        []*config.Pool
	rings        map[int]placement.Rings         // of the pools that are new or changed
	origins      map[int]int                     // of those: where their keys were, by index, -1: nowhere
	moves        map[int]*placement.Migration    // of those whose keys move
	bound        []*listener                     // new ones
	tls          map[handshake.Files]*tls.Config // for clients
	probers      []*probe.Prober                 // that are not needed any more
	certificates access.Certificates             // for servers
	logins       map[string]*login.Users
	left         map[int][]*pool.Pool // the pools that have left, by index and loop
	lineage      *placement.Lineage
	changes      [][]session.Change // by loop
	ends         []func()           // what looks for servers that are not needed any more; neither
}

// changed reports whether pool i differs before and afterwards, or exists only before or only afterwards, and the
// reload replaces it. Pools that a fleet decides for are replaced by their owner (changeFleet).
func (r *reload) changed(i int) bool { return r.before[i] != r.after[i] && !r.ofFleet(i) }

// ofFleet reports whether pool i is one that a fleet decides for, or will, or a group of one.
func (r *reload) ofFleet(i int) bool {
	cfg := cmp.Or(r.before[i], r.after[i])
	return r.svc.member != nil && cfg != nil && !cfg.Redis
}

// newReload is a change to other pools, of which nothing is done yet.
func (svc *Service) newReload(pools []config.Pool) *reload {
	r := &reload{
		svc: svc, before: svc.cfgs, rings: map[int]placement.Rings{}, origins: map[int]int{},
		moves: map[int]*placement.Migration{},
	}
	r.plan(pools)
	return r
}

// plan gives each pool its index: that of its name, or a new one. In a fleet, which decides for one kind only, it is
// that of its name and kind. A pool that does not change keeps its *config.Pool, which shows that it is the same.
func (r *reload) plan(pools []config.Pool) {
	r.after = make([]*config.Pool, len(r.before))
	for i := range pools {
		p := pools[i]
		at := slices.IndexFunc(r.before, func(b *config.Pool) bool {
			return b != nil && b.Name == p.Name && (r.svc.member == nil || b.Redis == p.Redis)
		})
		switch {
		case at < 0:
			r.after = append(r.after, &p)
		case reflect.DeepEqual(*r.before[at], p):
			r.after[at] = r.before[at]
		default:
			r.after[at] = &p
		}
	}
	for len(r.before) < len(r.after) {
		r.before = append(slices.Clip(r.before), nil)
	}
}

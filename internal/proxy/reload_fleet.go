package proxy

import (
	"magent/internal/config"
	"magent/internal/placement"
)

// A member of a fleet changes by itself what does not place keys. What places them is the same on all members.

// planFleet refuses what would place keys in another way, and finds out how the groups change with their pools.
func (r *reload) planFleet(pools []config.Pool) error {
	if r.svc.member == nil {
		return nil
	}
	if err := r.svc.member.MayChange(pools); err != nil {
		return err
	}
	for n, b := range r.before {
		if b == nil || b.Of == nil {
			continue
		}
		r.after[n] = b
		for i, whole := range r.before {
			if whole != nil && whole.Name == b.Of.Name && r.after[i] != whole {
				r.after[n] = groupOf(r.after[i], b)
			}
		}
	}
	return nil
}

// groupOf is the group of a pool that takes the place of another one with the same primary.
func groupOf(whole, before *config.Pool) *config.Pool {
	for _, w := range []*config.Pool{whole, placement.Exchanged(whole)} {
		groups := placement.Groups(w)
		for i := range groups {
			if groups[i].Name == before.Name && groups[i].Share == before.Share {
				return &groups[i]
			}
		}
	}
	return before // it does not come to this: the servers are the same
}

// changeFleet has the owner go over to the other configurations of its pools. Then what looked for servers on behalf
// of those before is not needed any more.
func (r *reload) changeFleet() {
	svc, changed := r.svc, map[int]*config.Pool{}
	if svc.member == nil {
		return
	}
	for i, cfg := range r.after {
		if r.ofFleet(i) && r.before[i] != cfg {
			changed[i] = cfg
		}
	}
	if len(changed) > 0 && !svc.member.Change(changed) {
		return
	}
	release := svc.stopTheWorld()
	end := svc.shared.Servers.Prune(r.after)
	release()
	end()
}

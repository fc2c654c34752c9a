package proxy

import (
	"magent/internal/config"
	"magent/internal/owner"
	"magent/internal/placement"
)

// A member of a fleet changes by itself what does not place keys. What places them changes on all members before that,
// or on none.

// Follow takes over the pools that the fleet has gone over to, if this process does not have them yet. On the
// goroutine that reloads, it comes before whatever reads their configurations. As long as it is not decided whether
// the fleet goes over, nothing may change: at any moment the pools may become what they were to be when that was
// planned. An error says that this is so, or that it has to be tried again.
func (svc *Service) Follow() error {
	switch t := svc.turn; {
	case t == nil:
		return nil
	case t.Pending() || t.Turned() && !svc.member.Follow(t, svc.cfgs, svc.adopt):
		return owner.ErrPending
	}
	discard(svc.bound)
	svc.turn, svc.bound = nil, nil
	return nil
}

// adopt has the pools be those that the fleet has: their addresses accept clients, and those of no pool are closed.
// cfgs are the configurations of all pools from now on. The loops stand still.
func (svc *Service) adopt(cfgs []*config.Pool) {
	svc.cfgs = cfgs
	svc.reloads++ // statistics of other pools begin anew
	r := &reload{svc: svc, after: cfgs, bound: svc.bound}
	r.replaceListeners()
	svc.bound = r.bound
}

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
				r.after[n] = placement.GroupLike(r.after[i], b)
			}
		}
	}
	return nil
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

package proxy

import (
	"magent/internal/config"
	"magent/internal/placement"
)

// A member of a fleet changes by itself what does not place keys. What places them changes on all members before that,
// or on none.

// follow takes over the configurations of the pools that the fleet has gone over to.
func (svc *Service) follow() {
	if svc.turn == nil || !svc.turn.Turned() {
		return
	}
	defer svc.stopTheWorld()()
	svc.cfgs = svc.member.Configs(svc.turn, svc.cfgs)
	svc.reloads++ // statistics of other pools begin anew
	svc.turn = nil
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

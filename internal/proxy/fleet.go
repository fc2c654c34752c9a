package proxy

import (
	"magent/internal/config"
	"magent/internal/owner"
	"magent/internal/placement"
)

// newFleet prepares taking part in a fleet, if there is one. No loop exists yet.
func (svc *Service) newFleet(o *Options) {
	if svc.cfg.Fleet == nil {
		return
	}
	svc.member = owner.New(owner.Options{
		Fleet: svc.cfg.Fleet, Place: svc.place, Log: svc.log, Group: svc.group, Process: &svc.shared,
		OnAll: svc.onAll, StopTheWorld: svc.stopTheWorld, AddPool: svc.addPool, AddGroup: svc.addGroup,
		Began: svc.askSoon, Died: svc.died, HomeAfter: o.homeAfter, Commanded: o.Commanded, Reload: o.ReadAgain,
		Ending: svc.ending,
	})
	svc.fleet = svc.member.Figures
}

// addGroups adds a pool for each group of pools that a fleet splits, also if it has the roles the other way round.
// They come behind all pools of the configuration.
func (svc *Service) addGroups() {
	if svc.member == nil {
		return
	}
	for _, cfg := range svc.cfgs {
		for _, whole := range []*config.Pool{cfg, placement.Exchanged(cfg)} {
			groups := placement.Groups(whole)
			for i := range groups {
				svc.cfgs = append(svc.cfgs, &groups[i])
			}
		}
	}
}

// beginFleet passes on what the journal knows. The pools are set aside until this process decides for them. The loops
// do not run yet.
func (svc *Service) beginFleet(known *inheritance) {
	svc.member.Begin(svc.cfgs, &known.Knowledge, known.Killed)
	if svc.shared.Journal != nil {
		svc.shared.Journal.Adopted()
		svc.forgetUnderway(known)
	}
}

package proxy

import (
	"magent/internal/owner"
)

// newFleet prepares taking part in a fleet, if there is one. No loop exists yet.
func (svc *Service) newFleet() {
	if svc.cfg.Fleet == nil {
		return
	}
	svc.member = owner.New(owner.Options{
		Fleet: svc.cfg.Fleet, Place: svc.place, Log: svc.log, Group: svc.group, Process: &svc.shared,
		OnAll: svc.onAll, StopTheWorld: svc.stopTheWorld, AddPool: svc.addPool, Began: svc.askSoon, Died: svc.died,
	})
	svc.fleet = svc.member.Figures
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

package proxy

import (
	"fmt"
	"time"

	"magent/internal/config"
	"magent/internal/maintenance"
)

// keepDrained forgets servers that have left their pools.
func (svc *Service) keepDrained(list maintenance.List) {
	svc.drained = list
	if err := list.Write(svc.place); err != nil {
		svc.log.Error().AnErr("reason", err).Msg("the list of drained servers cannot be written")
	}
}

// recallDrained applies what an earlier process has kept. No pool has been made yet.
func (svc *Service) recallDrained() {
	list, err := maintenance.Read(svc.place)
	if err != nil {
		svc.log.Error().AnErr("reason", err).
			Msg("which servers are drained is not known, so all are used: drain them again")
	}
	known, gone := list.Of(svc.cfg.Pools)
	for i, p := range known.Apply(svc.cfg.Pools, nil, time.Now().Unix()) {
		svc.cfg.Pools[i].Drained = p.Drained
	}
	for _, cfg := range svc.cfgs {
		for i := range svc.cfg.Pools {
			if p := &svc.cfg.Pools[i]; cfg.Of != nil && cfg.Of.Name == p.Name { // a group, in either order of roles
				cfg.Of.Drained, cfg.Drained = p.Drained, p.Drained
			}
		}
	}
	if svc.drained = known; len(gone) > 0 {
		svc.keepDrained(known)
	}
	svc.tellDrained(nil)
}

// tellDrained logs what has changed.
func (svc *Service) tellDrained(before []*config.Pool) {
	for _, c := range maintenance.Changes(before, svc.cfgs) {
		svc.shared.Registry.Drained(c.Pool, c.Role, c.Drain, c.Ended)
	}
}

// forgetsDrained returns why a new process would not know which servers are drained; nil: it would.
func (svc *Service) forgetsDrained() error {
	if len(svc.drained) == 0 || svc.KeepsDrained() {
		return nil
	}
	return fmt.Errorf("server %s is drained, and without --state-dir a new process would not know that: "+
		"undrain it, or write it into drained: of the file of pools", svc.drained[0].Server)
}

// KeepsDrained reports whether what is drained outlives this process.
func (svc *Service) KeepsDrained() bool { return svc.place.Dir != "" }

package proxy

import (
	"errors"
	"fmt"
	"time"

	"magent/internal/config"
	"magent/internal/maintenance"
	"magent/internal/placement"
)

// A drained server is part of a pool's configuration, so draining one is a reload: requests under way end first, and
// what is known of the servers goes on to the pool that takes the place of the one before.

// errFleet is why a member of a fleet drains no server on request.
var errFleet = errors.New("this magent is a member of a fleet: write the server into drained: of the file of pools " +
	"on all members, and reload one after the other")

// MayDrain finds out what draining a server does, in all pools that have it, or in the one that is named. The server
// is given by its address or name. It is called like Reload.
func (svc *Service) MayDrain(server, pool string) (effects []maintenance.Effect, err error) {
	if svc.member != nil {
		return nil, errFleet
	}
	places, err := maintenance.Pick(svc.cfgs, server, pool)
	for _, at := range places {
		e := maintenance.Judge(at.Pool.Name, svc.serversOf(at.Index), at.Server, placement.Ejects(at.Pool))
		if d := at.Pool.DrainOf(at.Server); d != nil {
			e.Drained, e.Defiance = d.String(), nil
		}
		effects = append(effects, e)
	}
	return effects, err
}

// DrainServer takes the servers of effects out of use that are not drained yet. It is called like Reload.
func (svc *Service) DrainServer(effects []maintenance.Effect, by, reason string) error {
	return svc.changeDrained(svc.drained.Drain(effects, by, reason, time.Now().Unix()))
}

// UndrainServer lets a server return that was drained by DrainServer, to all pools or to the one that is named. It
// returns the pools. It is called like Reload.
func (svc *Service) UndrainServer(server, pool string) (pools []string, err error) {
	if svc.member != nil {
		return nil, errFleet
	}
	places, err := maintenance.Pick(svc.cfgs, server, pool)
	if err != nil {
		return nil, err
	}
	list, pools, err := svc.drained.Undrain(places)
	if err != nil {
		return nil, err
	}
	return pools, svc.changeDrained(list)
}

// changeDrained has the pools be as a list of drained servers says, and keeps the list. After an error nothing has
// changed.
func (svc *Service) changeDrained(list maintenance.List) error {
	if err := list.Write(svc.place); err != nil {
		return fmt.Errorf("--state-dir %s: what is drained cannot be kept: %w", svc.place.Dir, err)
	}
	var pools []config.Pool
	for _, cfg := range svc.cfgs {
		if cfg != nil {
			pools = append(pools, *cfg)
		}
	}
	if err := svc.change(list.Apply(pools, svc.cfgs, time.Now().Unix())); err != nil {
		return errors.Join(err, svc.drained.Write(svc.place))
	}
	svc.drained = list
	return nil
}

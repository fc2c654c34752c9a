package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"magent/internal/config"
	"magent/internal/maintenance"
	"magent/internal/placement"
)

// A drained server is part of a pool's configuration, so draining one is a reload: requests under way end first, and
// what is known of the servers goes on to the pool that takes the place of the one before.

// PlacesOf finds a server by its address or name, in all pools or in the one that is named. It is called like Reload.
func (svc *Service) PlacesOf(server, pool string) ([]maintenance.Place, error) {
	return maintenance.Pick(svc.cfgs, server, pool)
}

// Maintain answers a question about which servers are drained, or to be. It is called like Reload.
func (svc *Service) Maintain(q maintenance.Question) (a maintenance.Answer) {
	list, back, err := svc.drained.Set(svc.cfgs, q.Wishes)
	switch {
	case err != nil:
	case !q.Do:
		a.Known, a.Drained = maintenance.Survey(svc.cfgs, q.Wishes, placement.Ejects, svc.serversOf)
	case len(back) > 0:
		if err = svc.changeDrained(list, q); err == nil {
			a.Back = back
		}
	}
	if err != nil {
		a.Refused = err.Error()
	}
	return a
}

// Command has another member of the fleet carry a command out (link.Links.Command).
func (svc *Service) Command(ctx context.Context, member string, body []byte) ([]byte, error) {
	return svc.member.Command(ctx, member, body)
}

// changeDrained has the pools be as a list of drained servers says, and keeps the list. After an error nothing has
// changed.
func (svc *Service) changeDrained(list maintenance.List, q maintenance.Question) error {
	var pools []config.Pool
	for _, cfg := range svc.cfgs {
		if cfg != nil && cfg.Of == nil {
			pools = append(pools, *cfg)
		}
	}
	pools = list.Apply(pools, svc.cfgs, time.Now().Unix())
	if !q.Force {
		if err := errors.Join(maintenance.Bereft(svc.cfgs, q.Wishes), svc.awaitCopies(pools)); err != nil {
			return err
		}
	}
	if err := list.Write(svc.place); err != nil {
		return fmt.Errorf("--state-dir %s: what is drained cannot be kept: %w", svc.place.Dir, err)
	}
	if err := svc.change(pools); err != nil {
		return errors.Join(err, svc.drained.Write(svc.place))
	}
	svc.drained = list
	return nil
}

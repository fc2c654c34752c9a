package proxy

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"magent/internal/config"
	"magent/internal/maintenance"
	"magent/internal/placement"
)

// A drained server is part of a pool's configuration, so draining one is a reload: requests under way end first, and
// what is known of the servers goes on to the pool that takes the place of the one before.

// PlacesOf finds a server by its address or name, in all pools or in the one that is named. It is called like Reload.
func (svc *Service) PlacesOf(server, pool string) ([]maintenance.Place, error) {
	if err := svc.Follow(); err != nil {
		return nil, err
	}
	return maintenance.Pick(svc.cfgs, server, pool)
}

// Paired returns the pools whose keys have two copies and that have one of these servers. It is called like Reload.
// standby means that this process does not know what their servers have missed. err says that they are just changing.
func (svc *Service) Paired(servers []string) (pools []*config.Pool, standby bool, err error) {
	err = svc.Follow()
	for _, cfg := range svc.cfgs {
		if cfg != nil && cfg.Of == nil && len(cfg.Backups) > 0 && slices.ContainsFunc(servers, cfg.At) {
			pools = append(pools, cfg)
		}
	}
	return pools, svc.shared.Standby.Load(), err
}

// Maintain answers a question about which servers are drained, or to be. It is called like Reload.
func (svc *Service) Maintain(q maintenance.Question) (a maintenance.Answer) {
	err := svc.Follow()
	if err == nil {
		err = maintenance.Known(svc.cfgs, q.Wishes)
	}
	switch list := svc.drained; {
	case err != nil:
	case q.Do:
		if list, err = list.Set(q.Wishes); err == nil {
			err = svc.changeDrained(list, q)
		}
	default:
		a.Known, a.Drained = maintenance.Report(svc.cfgs, q.Wishes, placement.Ejects, svc.serversOf)
		a.Orders = list
	}
	if err != nil {
		a.Refused = err.Error()
	}
	return a
}

// Learn has the pools be as the orders say that another member of the fleet knows, where those are newer. It reports
// whether some are. It is called like Reload.
func (svc *Service) Learn(told maintenance.List) (news bool, err error) {
	pending := svc.Follow()
	list := svc.drained.Learn(told, svc.cfgs)
	if news = !slices.Equal(list, svc.drained); news && pending != nil {
		return true, pending
	}
	return news, svc.changeDrained(list, maintenance.Question{Force: true})
}

// Command has another member of the fleet carry a command out (link.Links.Command).
func (svc *Service) Command(ctx context.Context, member string, body []byte) ([]byte, error) {
	return svc.member.Command(ctx, member, body)
}

// changeDrained has the pools be as a list of drained servers says, and keeps the list. After an error nothing has
// changed.
func (svc *Service) changeDrained(list maintenance.List, q maintenance.Question) error {
	if svc.cfg.Fleet == nil {
		list = list.Drained() // nobody else has to know what has ended
	}
	if slices.Equal(list, svc.drained) {
		return nil
	}
	var before []config.Pool
	for _, cfg := range svc.cfgs {
		if cfg != nil && cfg.Of == nil {
			before = append(before, *cfg)
		}
	}
	pools := list.Apply(before, svc.cfgs, time.Now().Unix())
	if !q.Force {
		if err := errors.Join(maintenance.Uncovered(svc.cfgs, q.Wishes), svc.awaitCopies(pools)); err != nil {
			return err
		}
	}
	if err := list.Write(svc.place); err != nil {
		return fmt.Errorf("--state-dir %s: what is drained cannot be kept: %w", svc.place.Dir, err)
	}
	if !reflect.DeepEqual(before, pools) {
		if err := svc.change(pools); err != nil {
			return errors.Join(err, svc.drained.Write(svc.place))
		}
	}
	svc.drained = list
	return nil
}

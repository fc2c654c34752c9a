package pool

import (
	"errors"
	"slices"

	"magent/internal/config"
	"magent/internal/placement"
	"magent/internal/stats"
)

// An operator has drained a server: this pool never connects to it, and it is not probed. As of a server that is
// ejected it is known what it misses. When it is undrained, another pool takes the place of this one, as in a reload,
// and gets to know all that (Inherit).

// drain takes the servers out of use that are in maintenance. No request has come yet.
func (p *Pool) drain() {
	if p.Relay {
		return // its one server is the owner, who has drained those behind him
	}
	some := false
	for i, c := range p.Conns {
		d := p.Config.DrainOf(placement.ServerAt(p.Config, i).String())
		if d == nil {
			continue
		}
		some = true
		p.Health.Drain(i, p.Loop.L.Now())
		c.Shut()
		c.Blame(errors.New("it is drained by " + d.Who()))
	}
	if some {
		p.moveKeys()
	}
}

// drainedBy is who has drained a server, in figures; nil: nobody.
func drainedBy(d *config.Drain) *stats.Drained {
	if d == nil {
		return nil
	}
	return &stats.Drained{Since: d.Since, By: d.Who(), Reason: d.Reason}
}

// drainedBehind returns figures of the drained servers of a pool that are not in all, because another member of the
// fleet decides for their keys. There are none of a pool that is nil.
func drainedBehind(cfg *config.Pool, all []stats.Server) (more []stats.Server) {
	if cfg == nil {
		return nil
	}
	for i := range cfg.Drained {
		d := &cfg.Drained[i]
		a, role := cfg.Find(d.Server), cfg.RoleOf(d.Server)
		known := slices.ContainsFunc(all, func(v stats.Server) bool { return v.Address == d.Server })
		if a == nil || role == "" || known {
			continue
		}
		if role == "primary" {
			role = stats.Forwarded
		}
		more = append(more, stats.Server{
			Pool: cfg.Name, Address: d.Server, Name: a.Name, RingName: a.RingName(), Weight: a.Weight, Role: role,
			State: stats.StateDrained, Drained: drainedBy(d),
		})
	}
	return more
}

package pool

import (
	"errors"

	"magent/internal/placement"
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

package pool

import "magent/internal/placement"

// A pool without backups may eject hosts (twemproxy's auto_eject_hosts). Then the keys of a server that is out of use
// belong to the other servers, each to the one that a ring without that server picks.
//
// Such a pool is patient: a failed connection counts like a missed deadline. If requests were waiting on the
// connection (backend.Conn.Missed), it is made again at once. If the server has died, that attempt is the next
// failure, and no client has to run into it. Otherwise the next request connects again.

// moveKeys makes the ring of the servers that are in use now. If none is, the keys of the last one stay where they
// are, and its error is the answer.
func (p *Pool) moveKeys() {
	cfg := p.Config
	if !placement.Ejects(cfg) {
		return
	}
	live, some := make([]bool, len(p.Conns)), false
	for i := range p.Conns {
		live[i] = p.Health.Usable(i)
		some = some || live[i]
	}
	if !some {
		return
	}
	if ring, err := placement.Without(cfg, live); err == nil {
		p.Engine.SetPrimaries(ring)
		if p.Lines != nil {
			p.Lines.Rehash()
		}
	}
}

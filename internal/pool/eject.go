package pool

import (
	"magent/internal/placement"
)

// In a pool without backups that ejects hosts (twemproxy's auto_eject_hosts) the keys of a server that is out of use belong to
// the other servers meanwhile, each key to the one that a ring without it picks. Such a pool is patient: a connection that
// fails counts like a missed deadline. One that was missed (backend.Conn.Missed) is made anew at once: when the server has died, that
// is the next failure, and no client has to find it. When nobody missed it, the next request tries again.

// moveKeys makes the ring of the servers that are used now. When there is none, the last one's keys keep their places, and
// its error is the answer.
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
	}
}

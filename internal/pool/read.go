package pool

import (
	"magent/internal/loop"
	"magent/internal/replicas"
	"magent/internal/stats"
)

// replicas returns what reads replicas in a pool with read_from; nil: the servers answer everything.
func (p *Pool) replicas() *replicas.Set {
	if p.Commands == nil {
		return nil
	}
	return p.Commands.Replicas
}

// readFrom has these replicas of server i read. As with servers, each Variant has connections of its own.
func (p *Pool) readFrom(i int, read []loop.Endpoint) {
	for _, v := range p.variants {
		v.readFrom(i, read)
	}
	p.replicas().Use(i, read)
}

// readAs has the replicas read that another part reads.
func (p *Pool) readAs(other *Pool) {
	if set := other.replicas(); set != nil {
		for i := range p.Conns {
			p.replicas().Use(i, set.InUse(i))
		}
	}
}

// figuresOfReads adds to v what is known of reads from the replicas of server i.
func (p *Pool) figuresOfReads(i int, v *stats.Server) {
	set := p.replicas()
	if set == nil {
		return
	}
	for _, at := range set.InUse(i) {
		v.Replicas = append(v.Replicas, at.String())
	}
	reads := set.ReadsOf(i)
	v.ReplicaReads, v.ReplicaRepeats = reads.Sent, reads.Repeated
}

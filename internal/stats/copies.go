package stats

import "fmt"

// Elsewhere says that another pool sees the address of a server in another state, and why that may be. It is empty if
// all agree.
func (s *Snapshot) Elsewhere(v *Server) string {
	for i := range s.Servers {
		o := &s.Servers[i]
		same := o.Address == v.Address && o.Pool != v.Pool && o.Role != Forwarded && v.Role != Forwarded
		if same && o.State != v.State {
			return fmt.Sprintf("%s in pool %s: each pool has connections, deadlines and missed writes of its own",
				o.State, o.Pool)
		}
	}
	return ""
}

// Shares are parts of the keys of a pool, from 0 to 1. They follow from the weights of the servers, so they are about
// right: a ring does not divide keys exactly. A member of a fleet that decides for no key of the pool does not know.
type Shares struct {
	Lost   float64 // no copy of these can be read
	Single float64 // one of two copies of these can be read
}

// Shares returns which parts of the keys of a pool have lost copies. Without backups each key has one copy, which is
// lost with its server unless keys move.
func (p *Pool) Shares(s *Snapshot) Shares {
	var down, all [2]float64 // by role: the weights
	decides := false
	for _, v := range s.ServersOf(p.Name) {
		decides = decides || v.Role == "primary"
		role := 0
		if v.Role == "backup" {
			role = 1
		}
		weight := float64(max(1, v.Weight))
		all[role] += weight
		if v.State != StateUp && v.Role != Forwarded {
			down[role] += weight
		}
	}
	switch {
	case !decides || p.Moves && down[0] < all[0]:
		return Shares{}
	case all[1] == 0:
		return Shares{Lost: down[0] / all[0]}
	}
	primary, backup := down[0]/all[0], down[1]/all[1]
	return Shares{Lost: primary * backup, Single: primary + backup - 2*primary*backup}
}

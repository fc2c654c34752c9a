package maintenance

import (
	"fmt"
	"slices"

	"magent/internal/config"
)

// Seen is what the members say before anything has changed.
type Seen struct {
	Answers map[string]Answer // by member
	Absent  []error           // why members cannot be asked
}

// newest returns the newest order for the server of a wish that a member has known; nil: there is none.
func (s *Seen) newest(w *Wish) (newest *Order) {
	for _, a := range s.Answers {
		if o := a.Orders.of(w.Pool, w.Server); o != nil && o.newer(newest) {
			newest = o
		}
	}
	return newest
}

// commands returns wishes with their stamps, and those that take them back, which are newer still. A server that is to
// be drained, and is by the newest order, gets that once more: the members that do not know of it have it then, and
// there is nothing to take back. now is in milliseconds since 1970.
func (s *Seen) commands(wishes []Wish, now int64) (commands, back []Wish) {
	for _, w := range wishes {
		known := s.newest(&w)
		was := Wish{Pool: w.Pool, Server: w.Server}
		if known != nil && !known.Ended {
			was.Order = known
		}
		if w.Order != nil && was.Order != nil {
			w.Order, w.Stamp = known, known.stamp()
			commands = append(commands, w)
			continue
		}
		if w.Stamp = now; known != nil {
			w.Stamp = max(now, known.stamp()+1)
		}
		was.Stamp = w.Stamp + 1
		commands, back = append(commands, w), append(back, was)
	}
	return commands, back
}

// Effects returns what draining the servers at places does. places are of the wishes, in the same order.
func (s *Seen) Effects(places []Place) (effects []Effect) {
	for n, at := range places {
		servers, undecided, moves := s.merged(at.Pool)
		e := Judge(at.Pool.Name, servers, at.Server, moves)
		if undecided != "" {
			e.Undecided, e.Defiance = true, fmt.Errorf("no member decides for the keys of %s in pool %s at present: "+
				"wait until one does", undecided, at.Pool.Name)
		}
		if d := s.everywhere(n); d != nil {
			e.Drained, e.Defiance, e.Undecided = d.String(), nil, false
		}
		effects = append(effects, e)
	}
	return effects
}

// everywhere returns how a server is drained on all members; nil: it is not.
func (s *Seen) everywhere(wish int) (d *config.Drain) {
	for _, a := range s.Answers {
		if wish >= len(a.Drained) || a.Drained[wish] == nil {
			return nil
		}
		d = a.Drained[wish]
	}
	return d
}

// merged returns what all members together know of the servers of a pool: each says it of the keys that it decides
// for, and the worst counts. undecided is one of which nobody says anything; empty: there is none.
func (s *Seen) merged(cfg *config.Pool) (servers []Server, undecided string, moves bool) {
	for _, a := range slices.Concat(cfg.Servers, cfg.Backups) {
		server := Server{Role: cfg.RoleOf(a.String()), Address: a.String(), State: StateUnknown, Weight: a.Weight}
		known := false
		for _, answer := range s.Answers {
			for _, g := range answer.Known {
				i := slices.IndexFunc(g.Servers, func(o Server) bool { return o.Address == server.Address })
				if g.Pool != cfg.Name || i < 0 {
					continue
				}
				moves = moves || g.Moves
				if one := g.Servers[i]; known {
					server.add(one)
				} else {
					server, known = one, true
				}
			}
		}
		if !known {
			undecided = server.Address
		}
		servers = append(servers, server)
	}
	return servers, undecided, moves
}

// add adds what somebody else knows of a server.
func (s *Server) add(o Server) {
	s.Missed, s.Items = s.Missed || o.Missed, max(s.Items, o.Items)
	if s.Up && !o.Up {
		s.Up, s.State = false, o.State
	}
}

// Ended returns which servers at places are drained by orders, as wishes that this ends. An error says why there is
// none. places are of the wishes, in the same order.
func (s *Seen) Ended(places []Place) (ends []Wish, err error) {
	for n, at := range places {
		some, file, on := false, false, ""
		for m, a := range s.Answers {
			if n < len(a.Drained) && a.Drained[n] != nil {
				some = true
				if a.Drained[n].By == "" {
					file, on = true, m
				}
			}
		}
		if file && on != "" {
			on = " of member " + on
		}
		switch {
		case file:
			err = fmt.Errorf("%s is drained by the file of pools%s: take it out of drained: in pool %s, and reload",
				at.Server, on, at.Pool.Name)
		case some:
			ends = append(ends, Wish{Pool: at.Pool.Name, Server: at.Server})
		case err == nil:
			err = fmt.Errorf("%s is not drained: `magent status` shows which servers are", at.Server)
		}
	}
	if len(ends) == 0 {
		return nil, err
	}
	return ends, nil
}

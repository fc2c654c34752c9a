package member

import (
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/view"
	"magent/internal/stats"
)

// Figures are those of the last moment at which something has changed, or of the last ticks. The caller may change
// them but for what their slices have.
func (m *Member) Figures() *stats.Fleet {
	f := *m.figures.latest.Load()
	if until := m.LeaseUntil(); until > 0 {
		f.LeaseLeft = max(0, until-Now())
	}
	return &f
}

// show publishes figures, on the member's goroutine, if they are due.
func (m *Member) show(now time.Duration) {
	f := &m.figures
	if f.published > 0 && now-f.published < figuresEvery {
		return
	}
	f.published = now
	c, v := m.core, m.core.View()
	s := &stats.Fleet{
		Name: m.opt.Core.Name, Generation: v.Generation.Number, Epoch: v.Epoch, Changed: f.changed, Reason: f.reason,
		In: c.In(), Lease: m.opt.Core.Lease, Takeovers: f.takeovers, Records: c.Unkept(), Awaited: c.Waiting(),
		Backwards: f.backwards.Load(), Broken: f.broken,
	}
	for _, name := range s.Awaited {
		delete(f.refused, name) // it may come back with what was missing
	}
	for _, p := range m.opt.Core.List {
		s.Members = append(s.Members, m.showMember(&v, p))
		s.Witness = s.Witness || p.Name == s.Name && p.Witness
	}
	for _, g := range v.Groups {
		_, owns := c.Owns(g.Name)
		s.Groups = append(s.Groups, stats.FleetGroup{Name: g.Name, Home: g.Home, Owner: g.Owner, Owns: owns})
	}
	f.latest.Store(s)
}

func (m *Member) showMember(v *view.View, p core.Peer) stats.FleetMember {
	out := stats.FleetMember{
		Name: p.Name, Witness: p.Witness, State: stats.MemberDead, Heard: m.core.Heard(p.Name),
		Trouble: m.figures.troubleOf(p.Name), Refused: m.figures.refused[p.Name],
	}
	for _, other := range m.opt.Peers {
		if other.Name == p.Name {
			out.Address = other.Address
		}
	}
	if p.Name == m.opt.Core.Name {
		out.Address = m.opt.Listener.Addr().String()
	} else if out.Trouble == "" && out.Heard {
		out.Links = 1 + m.links.Carrying(p.Name)
	}
	if seen := v.Member(p.Name); seen != nil {
		out.State, out.Incarnation = seen.State.String(), seen.Incarnation
		// Whoever goes on alone counts the others among those who have left (view.Survive).
		out.Left = seen.Left && (v.Generation.Number == 1 || len(v.Voters()) > 1)
	}
	return out
}

package pool

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"magent/internal/placement"
	"magent/internal/replicas"
	"magent/internal/stats"
	"magent/replicate/repair"
)

// Figures returns a copy of the figures of server i.
func (p *Pool) Figures(i int) stats.Server {
	c, server := p.Conns[i], placement.ServerAt(p.Config, i)
	n, q, tally := c.Stats.Since(&p.shown[i].before), c.Queue(), p.Engine.Tally(i)
	v := stats.Server{
		Pool: p.Name, Weight: server.Weight, Address: c.Name(), Name: server.Name,
		RingName: server.RingName(), Role: "primary",
		Identity: c.Identity().String(),
		State:    p.Health.Server(i).State.String(), Pending: c.Pending(), Draining: c.Draining(),
		DirtyKeys: p.Engine.Behind(i),

		Requests: n.Requests, Replies: n.Replies, Errors: n.Errors, Timeouts: n.Timeouts,
		Connects: n.Connects, ConnectTimeouts: n.ConnectTimeouts, EOFs: n.EOFs, Failures: n.Failures,
		Sent: n.Sent, Received: n.Received, Latency: time.Duration(n.Latency), Waited: n.Waited,
		Ejections: p.shown[i].ejections, EjectedAt: p.shown[i].ejectedAt, Since: p.shown[i].since,
		Unsent: q.Unsent, UnsentBytes: q.UnsentBytes, Awaited: q.Awaited, AwaitedBytes: q.AwaitedBytes,
		Repairs: tally.Repairs, Refills: tally.Refills, Avoided: tally.Avoided, CasRefused: tally.CasRefused,
	}
	v.Stored, v.Check = p.Stored[i].Stored, p.checked(i)
	if w := p.walks[i]; w != nil {
		v.RefillSeen, v.RefillAll, v.RefillLeft = w.Progress()
	}
	if i >= len(p.Config.Servers) {
		v.Role = "backup"
	}
	if p.Relay {
		v.Role, v.Address, v.Name = stats.Forwarded, server.Name, ""
	}
	if v.Drained = drainedBy(p.Config.DrainOf(v.Address)); v.Drained != nil {
		v.State = stats.StateDrained // also if another member decides
	}
	if !p.Config.Redis && c.Asked() {
		v.Meta, v.Unfillable = c.Meta().String(), p.Engine.Unfillable(i)
	}
	p.figuresOfReads(i, &v)
	if p.Engine.Dirty(i).All() {
		v.DirtyAll = 1
	}
	if c.Ready() {
		v.Connected = 1
	}
	if err := c.Err(); err != nil {
		v.LastError = err.Error()
	}
	return v
}

// checked returns what came of the last time that this loop or a probe has asked server i something, or connected to
// it. An owner is asked in place of a server: that is no check of it.
func (p *Pool) checked(i int) stats.Check {
	if p.Relay {
		return stats.Check{}
	}
	known := p.Stored[i].Check.Later(p.Loop.Registry.Probed(p.records[i]))
	at, err := p.Conns[i].Checked()
	if at == 0 {
		return known
	}
	ago := time.Duration(p.Loop.L.Now() - at)
	return known.Later(stats.NewCheck(time.Now().Add(-ago), err))
}

// ResetFigures sets the counters to zero that memcached resets upon stats reset. What describes the present moment
// stays.
func (p *Pool) ResetFigures() {
	p.Count = p.Count.Present()
	p.Hot, p.past = stats.HotKeys{}, nil
	for _, v := range p.variants {
		v.ResetFigures()
	}
	for i, c := range p.Conns {
		p.shown[i] = figures{before: c.Stats, ejectedAt: p.shown[i].ejectedAt, since: p.shown[i].since}
		*p.Engine.Tally(i) = repair.Tally{}
		if set := p.replicas(); set != nil {
			*set.ReadsOf(i) = replicas.Reads{}
		}
	}
}

// RedisVersion returns the lowest version of the pool's servers, as far as it is known.
func (p *Pool) RedisVersion() string {
	lowest := ""
	for _, c := range p.Conns {
		if v := c.RedisVersion(); v != "" && (lowest == "" || compareVersions(v, lowest) < 0) {
			lowest = v
		}
	}
	return cmp.Or(lowest, "0.0.0")
}

// compareVersions compares versions like 7.0.15 and 7.2.1 number by number.
func compareVersions(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(x, y string) int {
		m, _ := strconv.Atoi(x)
		n, _ := strconv.Atoi(y)
		return cmp.Compare(m, n)
	})
}

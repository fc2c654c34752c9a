package status

import (
	"slices"

	"magent/internal/stats"
)

// newReport makes a report of a sample, without the rates.
func newReport(e Engine, now *sample) *Report {
	p, s := &now.process, &now.snapshot
	r := &Report{
		Time: p.Now, Program: e.Program, Version: p.Release, Host: p.Host, PID: p.PID,
		Uptime:   p.Now.Sub(p.Started).Seconds(),
		Draining: p.Draining, VIP: p.VIP, Standby: p.Standby, Problems: stats.Unready(p, s),
		Clients: s.CurrConnections, MaxClients: p.MaxClients,
		ActiveRequests: s.ActiveRequests, JournalErrors: p.JournalErrors, CPU: (p.UserTime + p.SystemTime).Seconds(),
		Pools: []Pool{}, Loops: []Loop{}, Events: newEvents(e.Events(), s), Fleet: newFleet(p.Fleet),
	}
	r.Serving = !r.Draining && stats.Serves(p, s)
	r.Ready = !r.Draining && len(r.Problems) == 0
	if r.Problems == nil {
		r.Problems = []string{}
	}
	for i := range min(len(p.Pools), len(s.Pools)) {
		r.Pools = append(r.Pools, newPool(&p.Pools[i], &s.Pools[i], s, r))
	}
	for i := range s.Loops {
		r.Loops = append(r.Loops, Loop{Clients: s.Loops[i].Clients, Longest: s.Loops[i].Longest.Seconds()})
	}
	r.Verdict = r.judge()
	return r
}

func newPool(p *stats.Pool, c *stats.Counters, s *stats.Snapshot, r *Report) Pool {
	f, now := r.Fleet, r.Time
	out := Pool{
		Name: p.Name, Listen: p.Listen, Distribution: p.Distribution, Hash: p.Hash, Ready: p.Ready(s),
		Clients: c.CurrConnections, Binary: c.CurrBinary, TLS12: c.CurrTLS12, TLS13: c.CurrTLS13, Auth: p.Auth,
		ServerTLS: p.ServerTLS, HotKeys: c.HotKeys, HotBytes: c.HotBytes,
		Totals: Totals{
			Answered: c.Waited.Total(), Errors: c.Errors, Connections: c.TotalConnections,
			Rejected: c.RejectedConnections, Received: c.BytesRead, Sent: c.BytesWritten,
			Failovers: c.Failovers, Retries: c.Retries, Disagreements: c.Disagreements, Backpressure: c.Backpressure,
			HotHits: c.HotHits, Auths: c.AuthCmds, AuthErrors: c.AuthErrors, TLSErrors: c.TLSErrors,
		},
		Requests: map[string]map[string]uint64{},
		Servers:  []Server{},
	}
	shares := p.Shares(s)
	out.Lost, out.Single = shares.Lost, shares.Single
	for command := range stats.NumCommands {
		for result, n := range c.Outcomes[command] {
			if n == 0 {
				continue
			}
			if out.Requests[command.String()] == nil {
				out.Requests[command.String()] = map[string]uint64{}
			}
			out.Requests[command.String()][stats.Result(result).String()] = n
		}
	}
	for _, v := range s.ServersOf(p.Name) {
		out.Servers = append(out.Servers, Server{
			Address: v.Address, Name: v.Name, Role: v.Role, State: v.State, LastError: v.LastError,
			EjectedAt: float64(v.EjectedAt) / 1e6, Since: float64(v.Since) / 1e6,
			Check: newCheck(v.Check, now), Elsewhere: s.Elsewhere(&v), Drained: v.Drained,
			Connected: v.Connected, Pending: v.Pending, Requests: v.Requests, Errors: v.Errors, Timeouts: v.Timeouts,
			Ejections: v.Ejections,
			DirtyKeys: v.DirtyKeys, Overflow: v.DirtyAll > 0, Repairs: v.Repairs, Refills: v.Refills,
			Avoided: v.Avoided, Replicas: v.Replicas, Reads: v.ReplicaReads, Repeats: v.ReplicaRepeats,
			Progress: v.RefillProgress(), Left: v.RefillLeft.Seconds(), Memory: newMemory(&v),
		})
		shown := &out.Servers[len(out.Servers)-1]
		if v.Role == stats.Forwarded && f != nil {
			text, well := f.decides(v.Pool, v.Address)
			shown.Decides, shown.Deaf = text, !well
		}
		shown.About = shown.about(now)
	}
	return out
}

func newMemory(v *stats.Server) *Memory {
	s := &v.Stored
	if s.At == 0 {
		return nil
	}
	m := &Memory{
		AskedAt: s.At,
		Limit:   s.MaxBytes, Used: s.Bytes, Needed: v.Needed, Items: s.Items, Evictions: s.Evictions, Short: v.Short(),
	}
	if asked := s.GetHits + s.GetMisses; asked > 0 {
		m.HitRatio = new(float64(s.GetHits) / float64(asked))
	}
	return m
}

// newEvents returns the newest event first, with the names of servers that are there.
func newEvents(events []stats.Event, s *stats.Snapshot) []stats.Event {
	out := append([]stats.Event{}, events...) // none is a list, too
	slices.Reverse(out)
	for i := range out {
		at := slices.IndexFunc(s.Servers, func(v stats.Server) bool {
			return v.Pool == out[i].Pool && v.Address == out[i].Server
		})
		if at >= 0 {
			out[i].Name = s.Servers[at].Name
		}
	}
	return out
}

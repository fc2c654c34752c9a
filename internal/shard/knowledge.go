package shard

import (
	"errors"

	"magent/failover"
	"magent/internal/config"
	"magent/internal/journal"
	"magent/internal/placement"
	"magent/internal/stats"
	"magent/replicate/repair"
)

// recorder is what one loop tells the journal about the servers of one pool.
type recorder struct {
	j       *journal.Journal
	loop    int
	numbers []int // by server
}

// Dirty and the other methods are those of repair.Recorder.
func (r *recorder) Dirty(server int, key []byte) { r.j.Dirty(r.loop, r.numbers[server], key) }

// All records that everything is dirty.
func (r *recorder) All(server int) { r.j.All(r.loop, r.numbers[server]) }

// Incomplete records that the server lacks what its other copies have.
func (r *recorder) Incomplete(server int) { r.j.Incomplete(r.loop, r.numbers[server]) }

// Clean records that nothing is to be made good any more.
func (r *recorder) Clean(server int) { r.j.Clean(r.loop, r.numbers[server]) }

// identity notes who a server is.
func (r *recorder) identity(server int, id failover.Identity) {
	if id != (failover.Identity{}) {
		r.j.Identity(r.numbers[server], id.String())
	}
}

// journal is the recorder as the engine wants it.
func (p *pool) journal() repair.Recorder {
	if p.recorder == nil {
		return nil
	}
	return p.recorder
}

// openJournal opens the journal, if there is to be one. What it knows is for recall.
func (svc *Service) openJournal() (known journal.Knowledge, err error) {
	if svc.cfg.StateDir == "" {
		return known, nil
	}
	svc.journal, known, err = journal.Open(svc.place, svc.journalFailed)
	return known, err
}

// journalFailed is told by the journal that it cannot be written to.
func (svc *Service) journalFailed(err error) {
	svc.journalErrors.Add(1)
	svc.registry.Events().Note(stats.Event{What: "journal failed", Reason: err.Error()})
	svc.log.Error().AnErr("reason", err).Msg("the journal cannot be written: after a crash of this process everything will count as missed, and be flushed")
}

// recorderOf numbers the servers of a pool for the journal; it is nil without one.
func (svc *Service) recorderOf(loop int, cfg *config.Pool) *recorder {
	if svc.journal == nil || len(cfg.Backups) == 0 {
		return nil
	}
	r := &recorder{j: svc.journal, loop: loop}
	for i := range len(cfg.Servers) + len(cfg.Backups) {
		r.numbers = append(r.numbers, svc.journal.Server(serverOf(cfg, i)))
	}
	return r
}

// serverOf is what the journal calls a server.
func serverOf(cfg *config.Pool, i int) journal.Server {
	return journal.Server{Pool: cfg.Name, Role: placement.RoleOf(cfg, i), Address: placement.ServerAt(cfg, i).String()}
}

// record records what is not recorded at once. The loops stand still, or have ended.
func (svc *Service) record() {
	if svc.journal == nil {
		return
	}
	for _, sh := range svc.shards {
		for _, p := range sh.pools {
			if p == nil || p.recorder == nil {
				continue
			}
			for i := range p.conns {
				p.engine.Record(i)
			}
		}
	}
}

func (svc *Service) closeJournal() {
	if svc.journal != nil {
		_ = svc.journal.Close()
	}
}

// errRecalled is why a server is out of use at the start.
var errRecalled = errors.New("it missed something while a magent before this one ran")

// recall tells the loops what a process before this one has recorded; they do not run yet. What the servers missed is made
// good before they are read.
func (svc *Service) recall(known journal.Knowledge) {
	if svc.journal == nil {
		return
	}
	if known.Doubtful != nil {
		svc.log.Error().AnErr("reason", known.Doubtful).Msg("what the servers missed is not known for certain: all of them are flushed")
	}
	if known.Killed {
		svc.log.Warn().Msg("the magent before this one was killed: what it was just writing may have reached one copy only; `magent verify --repair` compares them")
	}
	claimed := map[journal.Server]bool{}
	for n, cfg := range svc.cfgs {
		if len(cfg.Backups) == 0 {
			continue
		}
		for i := range len(cfg.Servers) + len(cfg.Backups) {
			missed := claim(&known, serverOf(cfg, i), claimed)
			missed.All = missed.All || known.Doubtful != nil
			svc.recallServer(n, i, missed)
		}
	}
	for server := range known.Missed {
		if claimed[server] {
			continue
		}
		svc.log.Warn().Str("pool", server.Pool).Str("server", server.Address).
			Msg("the journal knows what this server has missed, but it is in no pool any more: flush it before it is used again")
	}
	svc.journal.Adopted()
}

// claim is all that is known about the server at an address, whatever its pool and its role were then.
func claim(known *journal.Knowledge, s journal.Server, claimed map[journal.Server]bool) *journal.Missed {
	all := &journal.Missed{Identity: known.Identities[s]}
	for server, m := range known.Missed {
		if server.Address != s.Address {
			continue
		}
		if m.Identity != "" {
			all.Identity = m.Identity
		}
		all.Keys = append(all.Keys, m.Keys...)
		all.All, all.Incomplete = all.All || m.All, all.Incomplete || m.Incomplete
		claimed[server] = true
	}
	return all
}

// recallServer takes a server out of use, on every loop that has something to make good there.
func (svc *Service) recallServer(pool, i int, m *journal.Missed) {
	keys := make([][]string, len(svc.shards))
	for _, key := range m.Keys {
		id := svc.ownerOf([]byte(key)).id
		keys[id] = append(keys[id], key)
	}
	for _, sh := range svc.shards {
		p := sh.pools[pool]
		p.health.Remember(i, failover.Greeting{Identity: failover.ParseIdentity(m.Identity)}, len(m.Keys) > 0 || m.All || m.Incomplete)
		if len(keys[sh.id]) == 0 && !m.All && !m.Incomplete {
			continue
		}
		p.takeOut(i, errRecalled)
		p.recalled[i] = true
		p.engine.Recall(i, keys[sh.id], m.All, m.Incomplete)
	}
	if n := len(m.Keys); n > 0 || m.All || m.Incomplete {
		svc.log.Info().Str("server", serverOf(svc.cfgs[pool], i).Address).Int("dirty_keys", n).Bool("all", m.All).Bool("incomplete", m.Incomplete).
			Msg("the journal knows what this server has to make good")
	}
}

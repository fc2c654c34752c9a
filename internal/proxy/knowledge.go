package proxy

import (
	"time"

	"magent/internal/journal"
	"magent/internal/pool"
	"magent/internal/stats"
)

// claimState looks at the state directory as openJournal does, but at nothing that an earlier process may still write.
func (svc *Service) claimState() error {
	if svc.cfg.StateDir == "" {
		return nil
	}
	return svc.place.Claim()
}

// openJournal opens the journal, if there is to be one. It returns what the journal knows.
func (svc *Service) openJournal() (known inheritance, err error) {
	if svc.cfg.StateDir == "" {
		return known, nil
	}
	svc.shared.Journal, known.Knowledge, err = journal.Open(svc.place, svc.journalFailed)
	if err == nil {
		svc.openUnderway(&known)
	}
	return known, err
}

// journalFailed is called by the journal when it cannot be written.
func (svc *Service) journalFailed(err error) {
	svc.journalErrors.Add(1)
	svc.shared.Registry.Events().Note(stats.Event{What: "journal failed", Reason: err.Error()})
	svc.log.Error().AnErr("reason",
		err).Msg("the journal cannot be written: after a crash of this process everything will count as missed, and " +
		"be flushed")
}

// record writes to the journal what is not written at once. The loops stand still, or have ended.
func (svc *Service) record() {
	if svc.shared.Journal == nil {
		return
	}
	for _, sh := range svc.shards {
		for _, p := range sh.Pools {
			if p == nil || p.Recorder() == nil {
				continue
			}
			for i := range p.Conns {
				p.Engine.Record(i)
			}
		}
	}
}

func (svc *Service) closeJournal() {
	svc.shared.Fences.Close()
	svc.shared.Underway.Close()
	if svc.shared.Journal != nil {
		_ = svc.shared.Journal.Close()
	}
}

// recall tells the loops what an earlier process has recorded. They do not run yet. What the servers missed is
// repaired before they are read.
func (svc *Service) recall(known *inheritance) {
	if svc.shared.Journal == nil {
		return
	}
	if known.Doubtful != nil {
		svc.log.Error().AnErr("reason",
			known.Doubtful).Msg("what the servers missed is not known for certain: all of them are flushed")
	}
	svc.tellKilled(known)
	svc.shared.Journal.Due(pool.RecallFlushes(time.Now(), svc.cfgs, known.Due, func(n int, due int64) {
		svc.shards[0].Pools[n].RecallFlush(due)
	}))
	claimed, settled := map[journal.Server]bool{}, svc.newSettling()
	for n, cfg := range svc.cfgs {
		if len(cfg.Backups) == 0 {
			continue
		}
		var missed []*journal.Missed
		for i := range len(cfg.Servers) + len(cfg.Backups) {
			m := known.Claim(pool.ServerOf(cfg, i), claimed)
			m.All = m.All || known.Doubtful != nil
			missed = append(missed, m)
		}
		unsettled := svc.unsettled(n, known.left, missed)
		for i, m := range missed {
			settled.keys += unsettled[i]
			svc.recallServer(n, i, m, unsettled[i] > 0, settled)
		}
	}
	settled.good()
	svc.repeatFlushes(known.left)
	for server := range known.Missed {
		if claimed[server] {
			continue
		}
		svc.log.Warn().Str("pool", server.Pool).Str("server", server.Address).
			Msg("the journal knows what this server has missed, but it is in no pool any more: flush it before it " +
				"is used again")
	}
	svc.shared.Journal.Adopted()
	svc.forgetUnderway(known)
}

// recallServer takes a server out of use on every loop that has something to repair there. With await, settled is told
// when that is done.
func (svc *Service) recallServer(index, i int, m *journal.Missed, await bool, settled *settling) {
	keys := make([][]string, len(svc.shards))
	for _, key := range m.Keys {
		id := svc.group.OwnerOf([]byte(key)).ID
		keys[id] = append(keys[id], key)
	}
	for _, sh := range svc.shards {
		p := sh.Pools[index]
		p.Recall(i, m, keys[sh.ID])
		if await && len(keys[sh.ID]) > 0 {
			settled.await(p, i)
		}
	}
	if n := len(m.Keys); n > 0 || m.All || m.Incomplete {
		cfg := svc.cfgs[index]
		svc.log.Info().Str("pool", cfg.Name).Str("server", pool.ServerOf(cfg, i).Address).
			Int("dirty_keys", n).Bool("all", m.All).Bool("incomplete", m.Incomplete).
			Msg("the journal knows what this server has missed")
	}
}

package proxy

import (
	"magent/internal/info"
	"magent/internal/stats"
	"magent/resp"
)

// answerInfo answers INFO. keyspace has the lines of the section Keyspace.
func (q *statsRound) answerInfo(sections []string, keyspace string) {
	count := statsOf(q.pool.Name, &q.process, &q.sum)
	if count == nil {
		q.call.Answer([]byte("-ERR the pool was removed\r\n"))
		return
	}
	text := info.Text(&info.Figures{
		Pool: q.pool, Process: &q.process, Count: count, All: &q.sum, Hot: &q.hot, HotKeys: shownHotKeys,
		Keyspace: keyspace,
	}, sections)
	sh, proto := q.home, resp.Proto(q.call.Tag)
	sh.Redis.Line = proto.AppendText(sh.Redis.Line[:0], text)
	q.call.Answer(sh.Redis.Line)
}

// statsOf returns a pool's part of the figures of all loops; nil: there is no such pool.
func statsOf(pool string, process *stats.Process, all *stats.Snapshot) *stats.Counters {
	for i := range process.Pools {
		if process.Pools[i].Name == pool {
			return &all.Pools[i]
		}
	}
	return nil
}

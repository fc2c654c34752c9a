package pool

import (
	"magent/failover"
	"magent/internal/config"
	"magent/internal/journal"
	"magent/internal/placement"
)

// recorder passes to the journal what one loop knows of the servers of one pool.
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

// Clean records that nothing is left to repair.
func (r *recorder) Clean(server int) { r.j.Clean(r.loop, r.numbers[server]) }

// identity records who a server is.
func (r *recorder) identity(server int, id failover.Identity) {
	if id != (failover.Identity{}) {
		r.j.Identity(r.numbers[server], id.String())
	}
}

// recorderOf numbers the servers of a pool for the journal; nil: there is no journal.
func (lp *Loop) recorderOf(cfg *config.Pool) *recorder {
	if lp.Journal == nil || len(cfg.Backups) == 0 {
		return nil
	}
	r := &recorder{j: lp.Journal, loop: lp.ID}
	for i := range len(cfg.Servers) + len(cfg.Backups) {
		r.numbers = append(r.numbers, lp.Journal.Server(ServerOf(cfg, i)))
	}
	return r
}

// ServerOf returns the journal's name of server i.
func ServerOf(cfg *config.Pool, i int) journal.Server {
	return journal.Server{Pool: cfg.Name, Role: placement.RoleOf(cfg, i), Address: placement.ServerAt(cfg, i).String()}
}

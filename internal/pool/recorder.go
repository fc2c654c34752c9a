package pool

import (
	"strings"

	"magent/backend"
	"magent/failover"
	"magent/internal/config"
	"magent/internal/fence"
	"magent/internal/fleet/conns"
	"magent/internal/journal"
	"magent/internal/placement"
	"magent/internal/underway"
)

// recorder passes to the journal what one loop knows of the servers of one pool.
type recorder struct {
	j       *journal.Journal
	loop    int
	numbers []int          // by server
	now     *underway.Part // what is being changed; nil: that is not kept
}

// Dirty and the other methods are those of repair.Recorder.
func (r *recorder) Dirty(server int, key []byte) { r.j.Dirty(r.loop, r.numbers[server], key) }

// All records that everything is dirty.
func (r *recorder) All(server int, _ bool) { r.j.All(r.loop, r.numbers[server]) }

// Incomplete records that the server lacks what its other copies have.
func (r *recorder) Incomplete(server int) { r.j.Incomplete(r.loop, r.numbers[server]) }

// Repaired does nothing: the journal keeps the key until nothing is left to repair. The process after this one copies
// it once more.
func (r *recorder) Repaired(int, []byte) {}

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
		n := lp.Journal.Server(ServerOf(cfg, i))
		lp.Underway.Name(n, NameOf(ServerOf(cfg, i)))
		r.numbers = append(r.numbers, n)
	}
	r.now = underway.NewPart(lp.Underway.Table(lp.ID), r.numbers)
	return r
}

// connected records the address of a new connection, before it carries anything.
func (r *recorder) connected(server int, c *backend.Conn) {
	address := fence.Unknown
	if at, err := c.Local(); err == nil && at.Path == "" {
		address = conns.Form(at.Addr)
	}
	r.now.Connected(server, address)
}

// part returns what the engine notes in; nil: nothing.
func (r *recorder) part() *underway.Part {
	if r == nil {
		return nil
	}
	return r.now
}

// NameOf is the name of a server in the memory of what is under way.
func NameOf(s journal.Server) string {
	return strings.Join([]string{s.Pool, s.Role, s.Address}, "\x00")
}

// Named is the inverse of NameOf. Any other text gives no server.
func Named(name string) journal.Server {
	parts := strings.Split(name, "\x00")
	if len(parts) != 3 {
		return journal.Server{}
	}
	return journal.Server{Pool: parts[0], Role: parts[1], Address: parts[2]}
}

// ServerOf returns the journal's name of server i.
func ServerOf(cfg *config.Pool, i int) journal.Server {
	return journal.Server{Pool: cfg.Name, Role: placement.RoleOf(cfg, i), Address: placement.ServerAt(cfg, i).String()}
}

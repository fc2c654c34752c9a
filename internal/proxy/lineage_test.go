package proxy

import (
	"testing"

	"magent/backend/hello"
	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// A pool gets its first backup. That is not read before it is filled, and what it holds is doubted, even if nobody has
// reached the primary yet: it may have keys of an earlier time. The primary is read as it is.
func TestFirstBackupIsDoubted(t *testing.T) {
	for _, reached := range []bool{true, false} {
		r := startAs(t, 10, 1, 0, func(cfg *config.Config) {
			cfg.Threads = 2
			if reached {
				return
			}
			gone, err := config.ParseAddress(testkit.DeadAddr(t))
			if err != nil {
				t.Fatal(err)
			}
			cfg.Pools[0].Servers = []config.Address{gone}
		}, hello.FullMeta)
		for id := range 2 {
			r.eventually(id, "connected, or not", func(sh *session.Shard) bool {
				return sh.Pools[0].Health.Reached(0) == reached && sh.Pools[0].Health.Usable(0) == reached
			})
		}
		other := newFake(t, 1)
		other.greet.Lock()
		defer other.greet.Unlock()
		r.reload(func(pools []config.Pool) []config.Pool {
			pools[0].Backups = []config.Address{other.addr}
			return pools
		})
		for id := range 2 {
			r.on(id, func(sh *session.Shard) {
				p := sh.Pools[0]
				if p.Health.Readable(0) != reached || p.Engine.Missed(0) {
					t.Error("the primary is not read as it is")
				}
				if p.Health.Readable(1) || !p.Engine.Distrusted(1) {
					t.Error("the backup is taken as it is")
				}
			})
		}
	}
}

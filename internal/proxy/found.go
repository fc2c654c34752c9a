package proxy

import (
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
)

// found is called when the address of a server may have changed (discover.Options). It has all loops check their
// connections. It runs beside the loops.
func (svc *Service) found(server string, addrs []loop.Endpoint, askAgain func()) {
	for _, sh := range svc.shards {
		sh.L.Post(loop.TaskFunc(func() { foundOn(sh, server, addrs, askAgain) }))
	}
}

// foundOn checks the connections of one loop. It runs on that loop.
func foundOn(sh *session.Shard, server string, addrs []loop.Endpoint, askAgain func()) {
	for _, p := range sh.Pools {
		for i := 0; p != nil && i < len(p.Conns); i++ {
			switch {
			case placement.ServerAt(p.Config, i).String() != server:
			case askAgain != nil:
				p.SwitchMaster(i, addrs, askAgain)
			default:
				p.Follow(i, addrs, sh.L.Now()+int64(pool.RenewPatience))
			}
		}
	}
}

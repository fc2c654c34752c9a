package session

import (
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/pool"
)

// Found checks the connections of the loop to a server whose address may have changed (discover.Options).
func (sh *Shard) Found(server string, addrs []loop.Endpoint, askAgain func()) {
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

package proxy

import "magent/internal/loop"

// found is called when the address of a server may have changed (discover.Options). It has all loops check their
// connections. It runs beside the loops.
func (svc *Service) found(server string, addrs []loop.Endpoint, askAgain func()) {
	for _, sh := range svc.shards {
		sh.L.Post(loop.TaskFunc(func() { sh.Found(server, addrs, askAgain) }))
	}
}

package proxy

import (
	"golang.org/x/sys/unix"

	"magent/internal/loop"
)

// Close ends the loops and the helpers, and waits for them. Clients that are left are cut off. Another call does
// nothing.
func (svc *Service) Close() {
	if svc.member != nil {
		svc.member.Close()
	}
	for _, sh := range svc.shards {
		sh.L.Post(loop.TaskFunc(sh.L.Stop))
	}
	svc.loops.Wait()
	svc.stop()
	svc.shared.Registry.Close()
	svc.shared.Servers.Close()
	svc.shared.Walks.Close()
	svc.shared.Handshakes.Close()
	svc.role.Close()
	svc.helpers.Wait()
	svc.removeSockets()
	svc.record()
	svc.closeJournal()
	svc.closeReserve()
}

// discard undoes a start that failed halfway.
func (svc *Service) discard() {
	svc.dropGiven()
	svc.shared.Servers.Close()
	for _, sh := range svc.shards {
		sh.L.Discard()
	}
	svc.removeSockets()
	svc.closeJournal()
	svc.closeReserve()
}

// closeReserve closes the descriptor that is kept in reserve, once: its number may belong to somebody else afterwards.
func (svc *Service) closeReserve() {
	if svc.reserveFD >= 0 {
		unix.Close(svc.reserveFD)
		svc.reserveFD = -1
	}
}

// removeSockets removes the files of unix sockets.
func (svc *Service) removeSockets() {
	for _, ln := range svc.listeners {
		ln.removeSocket()
	}
	discard(svc.bound)
	svc.bound = nil
}

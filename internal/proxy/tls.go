package proxy

import (
	"crypto/tls"

	"golang.org/x/sys/unix"

	"magent/internal/access"
	"magent/internal/config"
	"magent/internal/handshake"
	"magent/internal/loop"
	"magent/internal/session"
)

// maxShaking is how many handshakes with clients may be under way. More clients are not accepted meanwhile.
const maxShaking = 1024

// HasTLS reports whether clients or servers speak TLS.
func (svc *Service) HasTLS() bool { return len(svc.tls.All()) > 0 || svc.shared.Files.AnyTLS() }

// equip has a listener speak TLS if its pool says so. The files have been read.
func (ln *listener) equip(cfg *config.Pool) {
	if ln.end = nil; ln.cfg.TLS {
		ln.end = ln.svc.tls.Of(access.ClientFiles(cfg))
	}
}

// secure makes a handshake with a client that was accepted and admitted, beside the loops. The client then goes to the
// loop.
func (ln *listener) secure(sh *session.Shard, fd int) {
	svc, pool := ln.svc, ln.pool
	svc.shaking.Add(1)
	svc.helpers.Add(1)
	go svc.shake(sh, fd, pool, ln.end.Config())
}

// shake is the goroutine of a handshake.
func (svc *Service) shake(sh *session.Shard, fd, pool int, cfg *tls.Config) {
	defer svc.helpers.Done()
	defer svc.shaking.Add(-1)
	seal, state, err := handshake.Server(svc.ctx, fd, cfg)
	if svc.ctx.Err() != nil { // the loops have ended
		unix.Close(fd)
		return
	}
	if err != nil {
		svc.group.ComplainOf("a TLS handshake with a client failed", err)
		sh.L.Post(loop.TaskFunc(func() { sh.GiveUp(fd, pool) }))
		return
	}
	sh.L.Post(loop.TaskFunc(func() { sh.OpenTLS(fd, pool, seal, state.Version) }))
}

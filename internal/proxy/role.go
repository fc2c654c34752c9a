package proxy

import (
	"fmt"

	"magent/internal/loop"
	"magent/internal/session"
	"magent/internal/vip"
)

// Of several proxies in front of the same servers, with one virtual address among them, only the one that has the address knows
// what is true: the writes of clients go through it. The others stand by. What they know of outages may be long out of date, and
// a copy that they make could bring back an old value. So they make nothing good, and do not read what they believe to have
// missed something, until the address comes to them.

// watchRole has the service stand by while this machine has not the virtual address.
func (svc *Service) watchRole() (err error) {
	if !svc.cfg.VIP.IsValid() {
		return nil
	}
	if svc.role, err = vip.Watch(svc.cfg.VIP); err != nil {
		return fmt.Errorf("--vip: the addresses of this machine cannot be watched: %w", err)
	}
	svc.shared.Standby.Store(svc.role.Standby())
	svc.role.Follow(svc.log, svc.setStandby)
	return nil
}

// setStandby changes the role.
func (svc *Service) setStandby(standby bool) {
	if svc.shared.Standby.Swap(standby) == standby {
		return
	}
	svc.log.Info().Str("vip", svc.cfg.VIP.String()).Bool("standby", standby).Msg("the virtual address has come or gone")
	for _, sh := range svc.shards {
		sh.L.Post(loop.TaskFunc(func() { svc.changeRole(sh) }))
	}
}

// changeRole begins or stops to make servers good.
func (svc *Service) changeRole(sh *session.Shard) {
	for _, p := range sh.Pools {
		switch {
		case p == nil:
		case svc.shared.Standby.Load():
			p.PauseRepair()
		default:
			p.Admit()
			p.Refill()
		}
	}
}

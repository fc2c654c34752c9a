package proxy

import (
	"fmt"

	"magent/internal/loop"
	"magent/internal/session"
	"magent/internal/vip"
)

// Several proxies may share a virtual address. Only the one that has it sees the writes of clients, and so knows what
// is true. The others stand by. What they know of outages may be out of date, and a copy that they make could bring
// back an old value. So they repair nothing, and do not read servers that they believe to have missed something, until
// they get the address.
//
// The members of a fleet tell each other what they know. Whoever decides there repairs, and need not have the address:
// it says who of two goes on when the other is silent (--fleet-alone vip).

// watchRole makes the service stand by while this machine does not have the virtual address.
func (svc *Service) watchRole() (err error) {
	if !svc.cfg.VIP.IsValid() {
		return nil
	}
	if svc.role, err = vip.Watch(svc.cfg.VIP); err != nil {
		return fmt.Errorf("--vip: the addresses of this machine cannot be watched: %w", err)
	}
	if svc.member != nil {
		svc.member.VIP(!svc.role.Standby())
		svc.role.Follow(svc.log, func(standby bool) { svc.member.VIP(!standby) })
		return nil
	}
	svc.log.Info().Str("vip", svc.cfg.VIP.String()).
		Msg("this magent repairs servers while it has the virtual address: a fleet (--fleet) needs no such rule")
	svc.shared.Standby.Store(svc.role.Standby())
	svc.role.Follow(svc.log, svc.setStandby)
	return nil
}

// setStandby changes the role.
func (svc *Service) setStandby(standby bool) {
	if svc.shared.Standby.Swap(standby) == standby {
		return
	}
	svc.log.Info().Str("vip", svc.cfg.VIP.String()).Bool("standby",
		standby).Msg("the virtual address has come or gone")
	for _, sh := range svc.shards {
		sh.L.Post(loop.TaskFunc(func() { svc.changeRole(sh) }))
	}
}

// changeRole starts or stops the repair of servers. Whoever has the address meanwhile writes keys, so those in memory
// count no more.
func (svc *Service) changeRole(sh *session.Shard) {
	for _, p := range sh.Pools {
		if p == nil {
			continue
		}
		p.Engine.Forget()
		switch {
		case svc.shared.Standby.Load():
			p.PauseRepair()
		default:
			p.Admit()
			p.Refill()
		}
	}
}

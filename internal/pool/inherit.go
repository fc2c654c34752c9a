package pool

import (
	"time"

	"magent/failover"
	"magent/internal/placement"
	"magent/internal/registry"
)

// Inherit takes over what an earlier pool, which has left, knows of its server n, which is server i of this one, in
// whichever role.
func (p *Pool) Inherit(i int, before *Pool, n int) {
	was, past := before.Health.Server(n), before.Engine.Past(n)
	if !p.Health.Reached(i) {
		p.Health.Remember(i, before.Health.Last(n, before.Conns[n].Stats.Replies), before.Health.Reached(n))
	}
	p.shown[i].ejections, p.shown[i].ejectedAt = before.shown[n].ejections, before.shown[n].ejectedAt
	// Until it is asked; nobody asks it while it is drained
	p.Stored[i].Stored, p.Stored[i].Check = before.Stored[n].Stored, before.checked(n)
	moved := before.moved[n]
	late := before.cutOff[n]
	if was.State == failover.Up && !late && moved == nil && !past.All && len(past.Keys) == 0 && !past.Incomplete {
		p.shown[i].since = before.shown[n].since
		return
	}
	why := error(errInherited)
	if was.State == failover.Drained {
		ended := registry.Undrained{}
		if d := before.Config.DrainOf(placement.ServerAt(before.Config, n).String()); d != nil {
			ended.Since = d.Since
		}
		why = ended
	}
	p.TakeOut(i, why)
	p.Recalled[i] = true // lost connections may not have ended
	sent := before.sentBy[n]
	if late {
		sent = time.Now()
	}
	if sent.After(p.sentBy[i]) {
		p.sentBy[i] = sent
	}
	if moved != nil && len(p.Config.Backups) == 0 {
		past.All = true // no other copy tells what is out of date there: it is flushed
	}
	p.Engine.Recall(i, past)
	if moved != nil { // it may still hold what is out of date
		p.moved[i] = either(p.moved[i], moved)
		p.Engine.Distrust(i)
	}
	if now, then := p.recorder, before.recorder; now != nil && then != nil && now.numbers[i] != then.numbers[n] {
		then.Clean(n) // it is recorded under its new name
	}
}

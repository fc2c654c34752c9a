package shard

// ping goes from loop to loop as a task of their mailboxes: when it comes out, each has turned.
type ping struct {
	svc      *Service
	next     int // the loop that it visits now
	answered chan<- struct{}
}

// Ping has answered sent to, which must have room, when every loop has taken a task since. It never comes while a loop is stuck.
func (svc *Service) Ping(answered chan<- struct{}) {
	svc.shards[0].l.Post(&ping{svc: svc, answered: answered})
}

// Run is called by one loop after the other.
func (p *ping) Run() {
	here := p.svc.shards[p.next]
	p.next++
	if p.next < len(p.svc.shards) {
		here.l.SendTo(p.svc.shards[p.next].l, p)
		return
	}
	p.answered <- struct{}{}
}

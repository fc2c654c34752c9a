package pool

// PauseRepair stops the repair of servers. They are not read meanwhile, so it may continue at any time.
func (p *Pool) PauseRepair() {
	if p == nil {
		return
	}
	for i := range p.Conns {
		if p.Engine.Returns(i) {
			p.Engine.Gone(i)
		}
	}
}

// Leave ends a pool that is no longer served. Requests that still arrive are answered with an error.
func (p *Pool) Leave() {
	p.Held, p.overdue = false, false
	for _, v := range p.variants {
		v.Leave()
	}
	p.Engine.GoneAll()
	if p.Relay {
		p.handOn()
	}
	for i, c := range p.Conns {
		p.cutOff[i] = p.Owes(i)
		c.Shut()
	}
	if set := p.replicas(); set != nil {
		set.Leave()
	}
	p.endTimers()
	p.Engine.Retire()
	if p.Lines != nil {
		p.Lines.Leave()
	}
	if p.Commands != nil {
		p.Commands.Retire()
	}
}

// Shut closes the connections to all servers.
func (p *Pool) Shut() {
	for _, v := range p.variants {
		v.Shut()
	}
	for _, c := range p.Conns {
		c.Shut()
	}
	if set := p.replicas(); set != nil {
		set.Leave()
	}
	if p.Lines != nil {
		p.Lines.Leave()
	}
}

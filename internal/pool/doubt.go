package pool

import "errors"

// Doubt is told at the start of a pool which keys of server i may differ from their other copies, because a process
// that wrote them is dead. They are compared before the server is read.
func (p *Pool) Doubt(i int, which func(key []byte) bool) {
	p.TakeOut(i, errUnsettled)
	p.Recalled[i] = true
	p.moved[i] = either(p.moved[i], which)
	p.Engine.Distrust(i)
}

var errUnsettled = errors.New("what a member of the fleet was just writing when it died may not be there")

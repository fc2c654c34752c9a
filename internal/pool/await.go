package pool

// AwaitGood has f called, on the loop, when server i, which was recalled, may be read again.
func (p *Pool) AwaitGood(i int, f func()) {
	if p.recovered == nil {
		p.recovered = make([]func(), len(p.Conns))
	}
	p.recovered[i] = f
}

// recoveredNow calls what AwaitGood was given for server i.
func (p *Pool) recoveredNow(i int) {
	if p.recovered != nil && p.recovered[i] != nil {
		p.recovered[i]()
		p.recovered[i] = nil
	}
}

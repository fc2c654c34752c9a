package gate

// NewWaiter returns a waiter. wake is called by any goroutine, must not wait, and has the loop look again.
func (g *Gate) NewWaiter(wake func()) *Waiter {
	w := &Waiter{g: g, wake: wake}
	g.mu.Lock()
	g.waiters = append(g.waiters, w)
	g.mu.Unlock()
	return w
}

// Await has wake called once when the record with this number is kept. It may be called within Await. A number that
// is higher than one that is waited for already is not waited for: whoever is woken looks what is left.
func (w *Waiter) Await(number uint64) {
	for {
		due := w.due.Load()
		if due != 0 && due <= number || w.due.CompareAndSwap(due, number) {
			break
		}
	}
	w.look(w.g.Kept())
}

// look wakes the loop, if what it waits for is kept.
func (w *Waiter) look(kept uint64) {
	if due := w.due.Load(); due != 0 && due <= kept && w.due.CompareAndSwap(due, 0) {
		w.wake()
	}
}

func (g *Gate) wake() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, w := range g.waiters {
		w.look(g.Kept())
	}
}

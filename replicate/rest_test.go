package replicate

import "magent/internal/underway"

// checkRest checks that the engine has nothing left.
func (w *world) checkRest() {
	if w.e.Copying() > 0 || len(w.e.orders.m) > 0 {
		w.t.Errorf("left over: %d copies, %d orders", w.e.Copying(), len(w.e.orders.m))
	}
	if n := w.e.undecided.Total(); n > 0 {
		w.t.Errorf("left over: %d undecided mutations", n)
	}
	if left, err := underway.Read(w.underway.Path); err != nil || len(left.Keys)+len(left.Flushes) > 0 {
		w.t.Errorf("left over, for a next process: %+v, %v", left, err)
	}
	for c := w.e.free.Get(); c != nil; c = w.e.free.Get() {
		if c.behind != nil || c.order != nil || c.queued || c.holds {
			w.t.Errorf("a free Call takes part in an order")
		}
	}
}

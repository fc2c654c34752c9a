package owner

// wish notes what stance a pool is to take. Pools are made one after the other, so what each has to find out about its
// servers begins here.
func (f *Owner) wish(i int, w want) {
	f.scout(&w)
	f.mu.Lock()
	w.round = f.rounds[i]
	f.wants[i] = w
	f.mu.Unlock()
	f.awake()
}

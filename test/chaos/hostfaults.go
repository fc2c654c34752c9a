package chaos

import (
	"syscall"
	"time"

	"magent/test/netns"
)

// hostFaults are what happens to a fleet. i is the host.
var hostFaults = []fault{
	{"killowner", 3, func(w *world, _ int) { w.fleet.kill(w, w.fleet.awaitWell(func() {}).i) }},
	{"killmember", 2, func(w *world, i int) { w.fleet.kill(w, i) }},
	{"leave", 2, func(w *world, i int) { w.fleet.restart(w, i) }},
	{"upgrade", 2, func(w *world, i int) { w.fleet.hosts[i].upgrade() }},
	{"rolling", 1, func(w *world, i int) { // one member after the other, as soon as the one before is back
		for n := range members {
			if at := (i + n) % members; w.r.IntN(2) == 0 {
				w.fleet.restart(w, at)
			} else {
				w.fleet.hosts[at].upgrade()
			}
			w.fleet.awaitMembers()
		}
	}},
	{"freezeowner", 2, func(w *world, _ int) { w.fleet.freeze(w, w.fleet.awaitWell(func() {}).i) }},
	{"freezemember", 1, func(w *world, i int) { w.fleet.freeze(w, i) }},
	{"cut", 2, func(w *world, i int) { // both ways between two hosts
		a, b := w.fleet.pair(w, i)
		a.lose(b)
		b.lose(a)
		w.spell()
		a.find(b)
		b.find(a)
	}},
	{"oneway", 2, func(w *world, i int) {
		a, b := w.fleet.pair(w, i)
		a.lose(b)
		w.spell()
		a.find(b)
	}},
	{"isolate", 2, func(w *world, i int) {
		w.fleet.network.Isolate(i)
		w.spell()
		w.fleet.network.Join(i)
	}},
	{"unplug", 1, func(w *world, i int) {
		w.fleet.network.Unplug(i)
		w.spell()
		w.fleet.network.Plug(i)
	}},
	{"hostdown", 2, func(w *world, i int) { // nobody is told; it comes back with an empty memcached
		h := w.fleet.hosts[i]
		w.fleet.network.Isolate(i)
		w.homes[i].lives.Add(1)
		h.kill()
		h.memcached.Kill()
		w.spell()
		w.fleet.network.Join(i)
		h.startMemcached()
		h.startMagent()
		w.homes[i].lives.Add(1)
	}},
	{"cachekill", 3, func(w *world, i int) {
		h := w.fleet.hosts[i]
		h.memcached.Kill()
		if w.r.IntN(2) == 0 {
			w.rest()
		}
		h.startMemcached()
	}},
	{"cachefreeze", 2, func(w *world, i int) {
		h := w.fleet.hosts[i]
		h.memcached.Signal(syscall.SIGSTOP)
		w.rest()
		h.memcached.Signal(syscall.SIGCONT)
	}},
	{"cachecut", 3, func(w *world, i int) { // from one member only
		a, b := w.fleet.pair(w, i)
		a.Lose(cacheAddress(b.i))
		w.spell()
		a.Find(cacheAddress(b.i))
	}},
}

// spell is how long something lasts that nobody is told: shorter than a lease, or longer.
func (w *world) spell() {
	if w.r.IntN(2) == 0 {
		w.rest()
		return
	}
	time.Sleep(time.Duration(1000+w.r.IntN(2500)) * time.Millisecond)
}

// pair returns host i and another one.
func (f *fleet) pair(w *world, i int) (a, b *host) {
	return f.hosts[i], f.hosts[(i+1+w.r.IntN(members-1))%members]
}

// lose has everything be lost that a host sends to another one.
func (h *host) lose(other *host) {
	h.Lose(netns.Address(other.i))
	h.Lose(cacheAddress(other.i))
}

func (h *host) find(other *host) {
	h.Find(netns.Address(other.i))
	h.Find(cacheAddress(other.i))
}

// kill kills a magent, and starts it again.
func (f *fleet) kill(w *world, i int) {
	w.homes[i].lives.Add(1)
	f.hosts[i].kill()
	if w.r.IntN(2) == 0 {
		w.rest()
	}
	f.hosts[i].startMagent()
	w.homes[i].lives.Add(1)
}

// restart ends a magent in good order, and starts it again.
func (f *fleet) restart(w *world, i int) {
	h := f.hosts[i]
	w.homes[i].lives.Add(1)
	h.end()
	h.startMagent()
	w.homes[i].lives.Add(1)
}

// freeze stops a magent for a while.
func (f *fleet) freeze(w *world, i int) {
	f.hosts[i].signal(syscall.SIGSTOP)
	w.spell()
	f.hosts[i].signal(syscall.SIGCONT)
}

// startFleetWorld makes a world of three hosts with one fleet.
func startFleetWorld(w *world, binary string, env []string, loops int, args []string) {
	w.t.Helper()
	w.fleet = startFleet(w.t, binary, env, loops, args)
	for _, h := range w.fleet.hosts {
		w.homes = append(w.homes, &home{open: h.open})
		w.caches = append(w.caches, h.openCache)
	}
	w.fleet.awaitWell(func() {})
	w.begin = time.Now()
	w.target = nobody
	for _, h := range w.fleet.hosts {
		w.all.Go(func() { w.watch(h) })
	}
	w.enterAll()
}

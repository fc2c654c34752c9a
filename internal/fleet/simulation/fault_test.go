package simulation

import (
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/view"
)

// plan is the fleet of a seed.
type plan struct {
	members int
	witness bool
	groups  int
	alone   core.Alone
}

// strike has one thing fail, heals it after a while, and says how long that takes.
func (w *world) strike() time.Duration {
	n := w.nodes[w.rng.IntN(len(w.nodes))]
	d := w.between(100*ms, 3*time.Second)
	var all, members, servers []int
	for _, o := range w.nodes {
		members = append(members, o.id)
	}
	for _, s := range w.servers {
		servers = append(servers, s.id)
	}
	all = append(append(all, members...), servers...)
	kind := w.rng.IntN(11)
	w.check.kinds[faultNames[kind]]++
	w.log("fault: %s of %s for %v", faultNames[kind], n.cfg.Name, d)
	heal := func(undo func()) time.Duration {
		w.after(d, func() { w.log("healed"); undo() })
		return d
	}
	out, in := w.rng.IntN(3) > 0, true
	if out {
		in = w.rng.IntN(2) > 0
	}
	switch kind {
	case 0, 1:
		n.kill(kind == 1)
		return heal(n.start)
	case 2:
		n.pause(d)
		return d
	case 3:
		w.isolate(n.id, members, out, in, true)
		return heal(func() { w.isolate(n.id, members, true, true, false) })
	case 4:
		w.isolate(n.id, all, out, in, true)
		return heal(func() { w.isolate(n.id, all, true, true, false) })
	case 5:
		o := []int{members[(n.id+1+w.rng.IntN(len(members)-1))%len(members)]}
		d = w.between(100*ms, 8*time.Second) // so long that others have to go on without one of the two
		w.isolate(n.id, o, out, in, true)
		return heal(func() { w.isolate(n.id, o, true, true, false) })
	case 6:
		s := []int{servers[w.rng.IntN(len(servers))]}
		w.isolate(n.id, s, out, in, true)
		return heal(func() { w.isolate(n.id, s, true, true, false) })
	case 7:
		s := w.servers[w.rng.IntN(len(w.servers))]
		s.hungUntil = w.now + d
		return d
	case 8: // the host is silent, and comes up again
		w.isolate(n.id, all, true, true, true)
		n.kill(false)
		return heal(func() { w.isolate(n.id, all, true, true, false); n.start() })
	case 9:
		return w.leave(n)
	default: // the process is stopped while its network is cut, and goes on when the others have gone on
		n.pause(d)
		w.isolate(n.id, members, true, true, true)
		return heal(func() { w.isolate(n.id, members, true, true, false) })
	}
}

var faultNames = [...]string{
	"kill", "kill and lose the disk", "stop", "cut from members", "cut from all", "cut from a member",
	"cut from a server",
	"server hangs", "host is silent", "leave", "stopped and cut off",
}

// leave is a planned restart.
func (w *world) leave(n *node) time.Duration {
	if !n.up || n.paused {
		return 0
	}
	began, process := w.now, n.process
	leave := func() {
		if n.process == process && n.up && !n.paused {
			n.core.Leave(n.local())
			n.drain()
		}
	}
	if w.rng.IntN(2) == 0 { // as a service does whose clients have to be served meanwhile
		n.core.Cede(n.local())
		n.drain()
		w.after(w.between(0, 400*ms), leave)
	} else {
		leave()
	}
	var ended func()
	ended = func() {
		if n.process != process || !n.up {
			return
		}
		if n.gone || w.now-began > 2*time.Second {
			w.log("%s ends, left: %v", n.cfg.Name, n.gone)
			n.kill(false)
			w.after(w.between(50*ms, 2*time.Second), n.start)
			return
		}
		w.after(20*ms, ended)
	}
	ended()
	return 4 * time.Second
}

// calm tells whether all that was struck is well again: one thing fails at a time.
func (w *world) calm() bool {
	v := w.nodes[0].core.View()
	for _, n := range w.nodes {
		if !n.up || n.paused || !n.core.Joined() {
			return false
		}
		if o := n.core.View(); o.Generation != v.Generation || o.Epoch != v.Epoch {
			return false
		}
	}
	return len(w.cut) == 0
}

func (p plan) config(i int, names []core.Peer, groups []view.Group, id func() uint64) core.Config {
	cfg := core.Config{
		Name: names[i].Name, List: names, Groups: groups, Pools: []byte("pools"), Oldest: 1, Newest: view.Version,
		Alone: p.alone,
		Lease: lease, Tick: tick, UserTimeout: userTimeout, HomeAfter: time.Second, NewID: id,
	}
	if names[i].Witness {
		cfg.Pools = nil
	}
	return cfg
}

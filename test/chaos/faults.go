package chaos

import "time"

// fault is something that happens to server i of a world and ends, after which the server comes back.
type fault struct {
	name   string
	weight int
	strike func(w *world, i int)
}

var faults = []fault{
	{"pause", 4, func(w *world, i int) { // SIGSTOP
		w.servers[i].Pause()
		w.rest()
		w.servers[i].Resume()
	}},
	{"hold", 3, func(w *world, i int) { w.relays[i].Hold(); w.heal(i) }},
	{"cut", 3, func(w *world, i int) { w.relays[i].Cut(); w.heal(i) }},
	{"stall", 3, func(w *world, i int) { w.relays[i].Stall(); w.heal(i) }},
	{"reset", 2, func(w *world, i int) { w.relays[i].Reset() }},
	{"tear", 2, func(w *world, i int) { w.relays[i].Tear(); w.heal(i) }},
	{"delay", 1, func(w *world, i int) { w.relays[i].Delay(2 * time.Second); w.heal(i) }},
	{"vanish", 2, func(w *world, i int) { w.relays[i].Vanish(); w.heal(i) }},
	{"swallow", 2, func(w *world, i int) { w.relays[i].Swallow(); w.heal(i) }},
	{"half", 2, func(w *world, i int) { // closed
		if w.r.IntN(2) == 0 {
			w.relays[i].EndRequests()
		} else {
			w.relays[i].EndReplies()
		}
	}},
	{"restart", 4, func(w *world, i int) { // it comes back empty
		w.servers[i].Kill()
		if w.r.IntN(2) == 0 {
			w.rest()
		}
		w.servers[i].Restart()
	}},
	{"proxy", 2, func(w *world, i int) { // is killed while it knows of an outage
		switch w.r.IntN(3) {
		case 0:
			w.servers[i].Pause()
			defer w.servers[i].Resume()
		case 1:
			w.relays[i].Hold()
			defer w.relays[i].Heal()
		default:
			w.relays[i].Cut()
			defer w.relays[i].Heal()
		}
		w.rest()
		w.restartProxy(time.Duration(w.r.IntN(100)) * time.Millisecond)
		if w.r.IntN(2) == 0 {
			w.rest()
		}
	}},
}

// rest is how long a fault lasts: half of them about as long as a reply may take (--timeout), half of them longer.
func (w *world) rest() {
	ms := 30 + w.r.IntN(300)
	if w.r.IntN(2) == 0 {
		ms = 300 + w.r.IntN(700)
	}
	time.Sleep(time.Duration(ms) * time.Millisecond)
}

func (w *world) heal(i int) {
	w.rest()
	w.relays[i].Heal()
}

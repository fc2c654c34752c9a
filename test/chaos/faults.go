package chaos

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"magent/test/relay"
)

// fault is something that happens to server i of a world and ends. After that the server comes back.
type fault struct {
	name   string
	weight int
	strike func(w *world, i int)
}

func (f fault) called() string { return f.name }

var faults = []fault{
	{"pause", 4, func(w *world, i int) { // SIGSTOP
		w.servers[i].Pause()
		w.rest()
		w.servers[i].Resume()
	}},
	{"hold", 3, func(w *world, i int) { w.relays[i].Hold(); w.heal(i) }},
	{"cut", 3, func(w *world, i int) { w.relays[i].Cut(); w.heal(i) }},
	{"stall", 3, func(w *world, i int) { w.relays[i].Stall(); w.heal(i) }},
	{"reset", 2, func(w *world, i int) { w.relays[i].Reset(); w.moment() }},
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
		w.moment()
	}},
	{"restart", 4, func(w *world, i int) { // it comes back empty
		w.servers[i].Kill()
		if w.r.IntN(2) == 0 {
			w.rest()
		}
		w.servers[i].Restart()
	}},
	// The proxy is killed: while all servers are up, and while it knows of an outage, or is about to.
	{"kill", 1, func(w *world, _ int) { w.kill() }},
	{"killcut", 1, func(w *world, i int) {
		w.relays[i].Cut()
		w.kill()
		w.relays[i].Heal()
	}},
	{"killstall", 1, func(w *world, i int) { // requests of the old proxy arrive after those of the new one
		w.relays[i].Stall()
		w.kill()
		w.relays[i].Heal()
	}},
	{"killhold", 1, func(w *world, i int) {
		w.relays[i].Hold()
		w.kill()
		w.relays[i].Heal()
	}},
	{"killpause", 1, func(w *world, i int) {
		w.servers[i].Pause()
		w.kill()
		w.servers[i].Resume()
	}},
}

// slow makes a server just miss the deadlines of some requests. Nothing is lost, and everything
// is answered in the end.
var slow = fault{"slow", 1, func(w *world, i int) {
	switch w.r.IntN(3) {
	case 0:
		w.relays[i].StallTo(relay.Server)
	case 1:
		w.relays[i].StallTo(relay.Proxy)
	default:
		w.relays[i].Stall()
	}
	time.Sleep(time.Duration((0.9 + w.r.Float64()) * float64(w.timeout)))
	w.relays[i].Heal()
	time.Sleep(time.Duration(w.r.Float64() * float64(w.timeout)))
}}

// overlap makes two faults occur, one at a primary and one at the backup. The second one begins while the first one
// lasts, or while its effects are being repaired.
var overlap = fault{"overlap", 1, func(w *world, i int) {
	single := slices.DeleteFunc(slices.Clone(faults), func(f fault) bool { return strings.HasPrefix(f.name, "kill") })
	var both sync.WaitGroup
	for _, i := range []int{i % w.primaries, w.primaries} {
		f := single[pick(w.r, single, func(f fault) int { return f.weight })]
		late := time.Duration(w.r.IntN(600)) * time.Millisecond
		w.log = append(w.log, fmt.Sprintf("%s of server %d, %v later", f.name, i, late))
		both.Go(func() {
			time.Sleep(late)
			f.strike(w, i)
		})
	}
	both.Wait()
}}

// kill kills the proxy after some time, and starts it again.
func (w *world) kill() {
	w.rest()
	w.homes[0].lives.Add(1)
	w.proxy.Kill()
	w.deaths = append(w.deaths, w.now())
	time.Sleep(time.Duration(w.r.IntN(100)) * time.Millisecond)
	w.proxy.Restart()
	clear(w.failed)
	w.homes[0].lives.Add(1)
	w.self.dial()
	if w.r.IntN(2) == 0 {
		w.rest()
	}
}

// rest returns how long a fault lasts: half of the time about as long as a reply may take (--timeout), else longer.
func (w *world) rest() {
	ms := 30 + w.r.IntN(300)
	if w.r.IntN(2) == 0 {
		ms = 300 + w.r.IntN(700)
	}
	time.Sleep(time.Duration(ms) * time.Millisecond)
}

// moment gives the proxy time to notice what has happened.
func (w *world) moment() { time.Sleep(30 * time.Millisecond) }

func (w *world) heal(i int) {
	w.rest()
	w.relays[i].Heal()
}

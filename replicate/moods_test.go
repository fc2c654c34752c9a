package replicate

import (
	"maps"
	"slices"

	"pgregory.net/rapid"
)

// mood is what clients and servers are like in one check.
type mood struct {
	name   string
	verbs  []string // what clients ask for; duplicates make a verb more likely
	tame   bool     // servers and connections are slow, but never fail
	single bool     // tame, and only one server is slow until all is repaired: no value is lost, and no request fails
}

var allVerbs = []string{
	"set", "set", "add", "append", "delete", "incr", "incr", "cas", "cas", "cas", "get", "gets",
	"gets", "mget", "gat", "touch",
}

var moods = []mood{
	{"everything", allVerbs, false, false},
	{
		"retry loops of cas, slow servers",
		[]string{"set", "add", "delete", "cas", "cas", "cas", "cas", "gets", "gets", "gets"},
		true, false,
	},
	{"slow servers", []string{"set", "add", "delete", "incr", "append", "get", "mget"}, true, false},
	{"one slow server", allVerbs, true, true},
	{"one server that fails", allVerbs, false, true},
}

func (w *world) someServer() int { return rapid.IntRange(0, 1).Draw(w.t, "server") }

// steps are what may happen.
func (w *world) steps() map[string]func(*rapid.T) {
	ask := func(t *rapid.T) {
		key := rapid.SampledFrom(modelKeys).Draw(t, "key")
		if len(w.ops[key]) < maxOps && w.open < 8 {
			w.ask(rapid.SampledFrom(w.verbs).Draw(t, "verb"), key)
		}
	}
	execute := func(t *rapid.T) {
		if e := w.pick(func(e *end) bool { return len(e.asked) > 0 }); e != nil {
			for range rapid.IntRange(1, len(e.asked)).Draw(t, "requests") {
				e.execute()
			}
			if rapid.IntRange(0, 3).Draw(t, "sent") > 0 {
				e.send()
			}
		}
	}
	steps := map[string]func(*rapid.T){
		"ask": ask, "ask more": ask, "ask yet more": ask, "and more": ask,
		"execute": execute, "execute more": execute, "execute yet more": execute,
		"send": func(*rapid.T) {
			if e := w.pick(func(e *end) bool { return len(e.out) > 0 }); e != nil {
				e.send()
			}
		},
		"a moment":         func(*rapid.T) { w.wait(deadline / 4) },
		"half a deadline":  func(*rapid.T) { w.wait(deadline / 2) },
		"the deadline":     func(*rapid.T) { w.wait(deadline + 1) },
		"a server returns": func(*rapid.T) { w.returns(w.someServer()) },
		"":                 func(*rapid.T) { w.settle() },
	}
	if !w.tame {
		maps.Copy(steps, w.faults())
	}
	if w.single {
		steps["another server"] = func(t *rapid.T) {
			w.calm()
			w.checkCopies()
			w.weak, w.early = w.someServer(), false
		}
	}
	return steps
}

// faults are what may happen to servers and connections. In the mood single no value is lost while a server lives.
func (w *world) faults() map[string]func(*rapid.T) {
	faults := map[string]func(*rapid.T){
		"a connection breaks": func(t *rapid.T) {
			if s := w.servers[w.struck()]; len(s.ends) > 0 && rapid.Bool().Draw(t, "really") {
				s.last().close()
			}
		},
		"a server forgets": func(t *rapid.T) {
			if rapid.Bool().Draw(t, "really") {
				delete(w.servers[w.someServer()].mem.items, rapid.SampledFrom(modelKeys).Draw(t, "key"))
			}
		},
		"a server restarts": func(t *rapid.T) {
			if rapid.IntRange(0, 3).Draw(t, "really") == 0 && !w.full() {
				w.restart(w.servers[w.struck()])
			}
		},
	}
	if w.single {
		delete(faults, "a server forgets")
	}
	return faults
}

// struck is the server to which something happens.
func (w *world) struck() int {
	if w.single {
		return w.weak
	}
	return w.someServer()
}

// look notes whether the server that does not fail is still under repair.
func (w *world) look() {
	w.early = w.early && (w.e.Missed(1-w.weak) || !w.health.Readable(1-w.weak))
	if !w.early {
		for _, a := range w.losses {
			a.ended = w.clock
		}
		w.losses = nil
	}
}

// restart lets a server begin anew, empty. If the other one is still under repair, this is a second failure by which
// each key may be lost. That shows until the other one is repaired.
func (w *world) restart(s *server) {
	for _, e := range slices.Clone(s.ends) {
		e.close()
	}
	s.mem = newMemcached()
	s.pid += 2
	if w.look(); w.early {
		w.clock++
		for _, key := range modelKeys {
			a := &asked{w: w, key: key, op: op{verb: "loss", begun: w.clock, ended: forever, answered: true}}
			w.ops[key] = append(w.ops[key], a)
			w.losses = append(w.losses, a)
		}
	}
}

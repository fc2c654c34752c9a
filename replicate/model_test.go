package replicate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magent/failover"
	"magent/internal/call"
	"magent/internal/testkit"
)

// modelKeys are the keys of the model.
var modelKeys = []string{"j", "k"}

// world is an engine with a model of a memcached at the end of each connection, and clients that record their answers.
type world struct {
	*rig
	t      *rapid.T
	clock  int
	ops    map[string][]*asked // by key
	open   int                 // the number of requests without an answer
	number int
	weak   int                // the server that is slow, in a mood with single
	early  bool               // in a mood with single: the other server is still under repair
	losses []*asked           // that are not over: see restart
	tokens map[string][]token // by key: what gets has returned
	mood
}

// asked is a request that a client has made.
type asked struct {
	op
	w     *world
	key   string
	early bool // the server that does not fail was under repair: this is a second failure
}

// token is what a gets has returned.
type token struct{ token, value string }

func (a *asked) Answer(c *call.Call, reply []byte) {
	if a.answered {
		a.w.t.Fatalf("%v was answered again: %q", a.op, reply)
	}
	a.w.open--
	a.w.clock++
	a.answered, a.ended = true, a.w.clock
	line, value, _ := strings.Cut(string(reply), "\r\n")
	a.answer = line
	if a.failed() && a.w.single && !a.early {
		a.w.t.Fatalf("%v: one copy was well", a.op)
	}
	a.w.t.Logf("answered: %s %s %s: %s", a.verb, a.key, a.value, testkit.Line(string(reply)))
	if a.verb == "get" && !a.unknown() {
		a.answer = ""
		if w := strings.Fields(line); w[0] == "VALUE" {
			a.hit, a.answer = true, strings.TrimSuffix(value, "\r\nEND\r\n")
			if len(w) > 4 {
				a.w.tokens[a.key] = append(a.w.tokens[a.key], token{w[4], a.answer})
			}
		}
	}
	c.Release()
}

// ask sends a request of a client.
func (w *world) ask(verb, key string) {
	w.look()
	w.clock++
	a := &asked{w: w, key: key, early: w.early, op: op{verb: verb, begun: w.clock, ended: forever}}
	store := func(verb, token string) string {
		return fmt.Sprintf("%s %s 0 0 %d%s\r\n%s\r\n", verb, key, len(a.value), token, a.value)
	}
	w.number++
	text := ""
	switch verb {
	case "set", "add":
		a.value = fmt.Sprint(1000 * w.number)
		text = store(verb, "")
	case "append":
		a.value = fmt.Sprint(w.number % 10)
		text = store(verb, "")
	case "cas":
		known := w.tokens[key]
		if len(known) == 0 {
			return
		}
		k := known[len(known)-1]
		if len(known) > 1 {
			k = rapid.SampledFrom(known[max(0, len(known)-3):]).Draw(w.t, "token")
		}
		a.value, a.seen = fmt.Sprint(1000*w.number), k.value
		text = store(verb, " "+k.token)
	case "get", "delete":
		text = verb + " " + key + "\r\n"
	case "gets", "mget":
		a.verb = "get"
		if text = "gets " + key + "\r\n"; verb == "mget" {
			text = "get " + key + " none\r\n"
		}
	case "gat":
		a.verb = "get"
		text = "gat 1000 " + key + "\r\n"
	case "incr":
		text = "incr " + key + " 1\r\n"
	case "touch":
		text = "touch " + key + " 1000\r\n"
	}
	a.spared = a.early && a.verb != "get"
	w.open++
	w.ops[key] = append(w.ops[key], a)
	w.say(a, text)
}

// maxOps bounds the requests for a key in one check, because the search of histories takes exponential time.
const maxOps = 40

// full reports whether there are too many of them for some key.
func (w *world) full() bool {
	return slices.ContainsFunc(modelKeys, func(key string) bool { return len(w.ops[key]) >= maxOps })
}

// pick draws a connection of a server that has something to do.
func (w *world) pick(busy func(*end) bool) *end {
	var ends []*end
	for _, s := range w.servers {
		for _, e := range s.ends {
			if busy(e) {
				ends = append(ends, e)
			}
		}
	}
	if len(ends) == 0 {
		return nil
	}
	return ends[rapid.IntRange(0, len(ends)-1).Draw(w.t, "end")]
}

// wait advances the clock. In a mood with single, the server that is not slow answers in the meantime.
func (w *world) wait(d time.Duration) {
	if !w.single {
		w.pass(d)
		return
	}
	for ; d > 0; d -= deadline / 8 {
		w.serve(w.servers[1-w.weak])
		w.pass(min(d, deadline/8))
	}
	w.serve(w.servers[1-w.weak])
}

// serve lets a server execute all its requests.
func (w *world) serve(s *server) {
	for busy := true; busy; {
		busy = false
		for _, e := range slices.Clone(s.ends) {
			for len(e.asked) > 0 {
				busy = true
				e.execute()
			}
			e.send()
		}
		w.settle()
	}
}

// checkCopies compares the copies, in a mood in which nothing is lost.
func (w *world) checkCopies() {
	for _, key := range modelKeys {
		p, b := w.servers[0].mem.items[key], w.servers[1].mem.items[key]
		if p.value != b.value {
			w.t.Fatalf("the primary holds %+v for %q, the backup %+v", p, key, b)
		}
	}
}

// calm lets everything come to an end: the servers execute all requests, and return.
func (w *world) calm() {
	for range 50 {
		for range 20 {
			for _, s := range w.servers {
				for _, e := range slices.Clone(s.ends) {
					for len(e.asked) > 0 {
						e.execute()
					}
					e.send()
				}
			}
			w.settle()
		}
		if w.quiet() {
			w.look()
			return
		}
		for i := range w.servers {
			w.returns(i)
		}
		w.pass(deadline)
	}
	w.t.Fatalf("it does not come to rest: %s; %v", w.state(), w.told)
}

// quiet reports whether nothing is under way, and nothing is left to be repaired.
func (w *world) quiet() bool {
	for i, s := range w.servers {
		if w.health.Server(i).State != failover.Up || !w.e.Dirty(i).Empty() || w.e.Incomplete(i) && w.e.CanFill(i) {
			return false
		}
		for _, e := range s.ends {
			if len(e.asked) > 0 || len(e.out) > 0 {
				return false
			}
		}
	}
	return w.open == 0 && w.e.Idle()
}

func (w *world) state() string {
	out := fmt.Sprintf("%d requests open, idle: %v", w.open, w.e.Idle())
	for i, s := range w.servers {
		out += fmt.Sprintf("; %s is %v, %d keys dirty, all %v", s.name, w.health.Server(i).State, w.e.Dirty(i).Len(),
			w.e.Dirty(i).All())
	}
	return out
}

// check compares the answers of clients, and what the servers hold in the end, with what docs/guarantees.md promises.
func (w *world) check() {
	for _, key := range modelKeys {
		w.ask("get", key)
	}
	w.calm()
	for _, key := range modelKeys {
		var ops []op
		for _, a := range w.ops[key] {
			ops = append(ops, a.op)
		}
		ops = doubted(ops)
		if !linearizable(ops, w.single) {
			text := ""
			for _, o := range ops {
				text += fmt.Sprintf("\n%v", o)
			}
			w.t.Errorf("what clients were told of %q is not what a register does:%s", key, text)
		}
		p, b := w.servers[0].mem.items[key], w.servers[1].mem.items[key]
		if p.value == missing && b.value != missing {
			// The primary has forgotten the key, or both servers were down in turn. Then the backup may have a value
			// that a client could still get.
			w.clock++
			last := op{verb: "get", hit: true, answer: b.value, answered: true, begun: w.clock, ended: w.clock}
			if !linearizable(append(ops, last), w.single) {
				w.t.Errorf("in the end the primary lacks %q, and the backup holds an older value: %+v", key, b)
			}
		} else if b.value != missing && (b.value != p.value || b.ttl != p.ttl) {
			w.t.Errorf("in the end the primary holds %+v for %q, the backup %+v", p, key, b)
		}
	}
	w.checkRest()
}

// TestPairIsARegister runs the engine in front of two memcacheds, with everything that may happen to a pair. The
// answers must be those of a register per key, the copies must converge, and nothing may be left behind.
func TestPairIsARegister(t *testing.T) {
	for _, m := range moods {
		t.Run(m.name, func(t *testing.T) { rapid.Check(t, m.run) })
	}
}

func (m mood) run(t *rapid.T) {
	w := &world{t: t, ops: map[string][]*asked{}, tokens: map[string][]token{}, mood: m}
	limit := rapid.SampledFrom([]int{1, 2, 100}).Draw(t, "limit")
	w.rig = newRig(t, rigOptions{
		limit:      limit,
		remembered: rapid.SampledFrom([]int{1000, 1000, 1}).Draw(t, "remembered"),
		ackPrimary: rapid.IntRange(0, 4).Draw(t, "ack primary") == 0,
		// Not in a mood in which nothing may be lost: without meta commands, repairs lose values.
		classic: !m.single && rapid.IntRange(0, 4).Draw(t, "classic") == 0,
		memory:  rapid.Bool().Draw(t, "memory"),
	})
	defer w.close()
	if rapid.Bool().Draw(t, "fleet") {
		w.e.Govern(func() bool { return true })
	}
	// A server that is slow and yet not ejected is a second failure while the other one is repaired.
	if w.single && limit == 1 && rapid.Bool().Draw(t, "under repair") {
		w.early = true
		missesDelete(w.rig, 1-w.weak, modelKeys...)
		w.returns(1 - w.weak)
		w.settle()
	}
	t.Repeat(w.steps())
	w.calm()
	w.check()
}

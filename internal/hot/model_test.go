package hot

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// world is a Cache in front of a model of a server. What is sent to the server lies in a queue, as on a connection,
// and is executed in order. Replies come back in order. A reply may be lost, and what was sent is executed all the
// same.
type world struct {
	t       *rapid.T
	c       *Cache
	now     int64
	number  int
	items   map[string]item // of the server that answers now
	held    []*sent         // mutations that have begun, and wait for something before they are sent
	queue   []*sent         // sent, not executed
	replies []*sent         // executed, not answered
	open    []*sent         // mutations that have not ended
}

type item struct {
	value string
	dies  int64 // by the server's clock; 0: never
}

// sent is a request on its way.
type sent struct {
	kind  string // read, set, delete, flush
	key   string
	value string
	ttl   int64
	read  int
	mark  Mark
	over  bool            // nobody waits for the reply any more
	items map[string]item // of the server that it was sent to
	reply Value
}

const refresh = 8 * time.Second

var keys = []string{"j", "k"}

func (w *world) key() string { return rapid.SampledFrom(keys).Draw(w.t, "key") }

// send sends a request to the server that answers now.
func (w *world) send(s *sent) {
	s.items = w.items
	w.queue = append(w.queue, s)
}

// live returns a server's item of a key if it has not expired.
func (w *world) live(items map[string]item, key string) (item, bool) {
	i, ok := items[key]
	if ok && i.dies != 0 && w.tick() >= i.dies {
		return item{}, false
	}
	return i, ok
}

// tick is the server's clock. Its seconds begin half a second later than ours.
func (w *world) tick() int64 { return (w.now + int64(time.Second/2)) / int64(time.Second) }

func block(key, value string) []byte {
	return fmt.Appendf(nil, "VALUE %s 0 %d\r\n%s\r\nEND\r\n", key, len(value), value)
}

// ask is a get of a client. A value from memory must be what the server has right now, and no mutation may be under
// way.
func (w *world) ask(t *rapid.T) {
	key := w.key()
	f := w.c.Ask([]byte(key), w.now)
	switch f.What {
	case Hit, Again:
		i, ok := w.live(w.items, key)
		if !ok || string(f.Reply) != string(block(key, i.value)) {
			w.t.Fatalf("%q from memory, but the server has %v %q", f.Reply, ok, i.value)
		}
		if slices.ContainsFunc(w.open, func(s *sent) bool { return s.key == key || s.kind == "flush" }) {
			w.t.Fatalf("%q from memory while a mutation is under way", f.Reply)
		}
	case Join:
		if !slices.ContainsFunc(slices.Concat(w.queue, w.replies), func(s *sent) bool {
			return s.kind == "read" && s.key == key && s.read == f.Read
		}) {
			w.t.Fatalf("there is no read %d to join", f.Read)
		}
	}
	if f.What == Again || f.What == Start {
		w.send(&sent{kind: "read", key: key, read: f.Read})
	}
}

// change is a mutation of a client.
func (w *world) change(t *rapid.T) {
	s := &sent{kind: rapid.SampledFrom([]string{"set", "set", "delete", "expiring"}).Draw(t, "kind"), key: w.key()}
	if s.kind == "expiring" {
		s.kind, s.ttl = "set", rapid.Int64Range(1, 6).Draw(t, "ttl")
	}
	w.number++
	s.value = fmt.Sprint(w.number)
	s.mark = w.c.Begins([]byte(s.key))
	w.start(t, s)
}

// start sends a mutation, or holds it, as one that has to visit other loops before.
func (w *world) start(t *rapid.T, s *sent) {
	w.open = append(w.open, s)
	if rapid.Bool().Draw(t, "at once") {
		w.send(s)
	} else {
		w.held = append(w.held, s)
	}
}

// goOn sends mutations that were held.
func (w *world) goOn(*rapid.T) {
	for _, s := range w.held {
		w.send(s)
	}
	w.held = nil
}

// flush is a flush_all.
func (w *world) flush(t *rapid.T) {
	if rapid.Bool().Draw(t, "really") {
		return
	}
	s := &sent{kind: "flush"}
	w.c.Close()
	w.start(t, s)
}

// execute has the server execute what it has got.
func (w *world) execute(t *rapid.T) {
	for range min(len(w.queue), rapid.IntRange(1, 4).Draw(t, "requests")) {
		s := w.queue[0]
		w.queue = w.queue[1:]
		switch s.kind {
		case "read":
			if i, ok := w.live(s.items, s.key); ok {
				s.reply = Value{Reply: block(s.key, i.value), TTL: -1}
				if i.dies != 0 {
					s.reply.TTL = i.dies - w.tick()
				}
			}
		case "set":
			s.items[s.key] = item{value: s.value}
			if s.ttl > 0 {
				s.items[s.key] = item{value: s.value, dies: w.tick() + s.ttl}
			}
		case "delete":
			delete(s.items, s.key)
		case "flush":
			clear(s.items)
		}
		w.replies = append(w.replies, s)
	}
}

// settle ends a request for the proxy.
func (w *world) settle(s *sent, answered bool) {
	if s.over {
		return
	}
	s.over = true
	w.open = slices.DeleteFunc(w.open, func(o *sent) bool { return o == s })
	switch {
	case s.kind == "read" && answered:
		w.c.Answered(s.read, s.reply)
	case s.kind == "read":
		w.c.Failed(s.read)
	case s.kind == "flush":
		w.c.Open()
	default:
		w.c.Ends(s.mark)
	}
}

// receive has replies arrive.
func (w *world) receive(t *rapid.T) {
	for range min(len(w.replies), rapid.IntRange(1, 4).Draw(t, "replies")) {
		s := w.replies[0]
		w.replies = w.replies[1:]
		w.settle(s, true)
	}
}

// giveUp has a request miss its deadline, and all that were sent before it. They are executed all the same.
func (w *world) giveUp(t *rapid.T) {
	all := slices.Concat(w.replies, w.queue)
	if len(all) > 0 && rapid.IntRange(0, 2).Draw(t, "really") == 0 {
		for _, s := range all[:rapid.IntRange(1, len(all)).Draw(t, "number")] {
			w.settle(s, false)
		}
	}
}

// fail has another server answer from now on, which has most of what the first one has. What was sent to that one may
// still be answered.
func (w *world) fail(t *rapid.T) {
	if rapid.Bool().Draw(t, "really") {
		return
	}
	w.items = maps.Clone(w.items)
	w.c.Clear()
	for _, key := range keys {
		if rapid.Bool().Draw(t, "lost") {
			delete(w.items, key)
		}
	}
}

// evict has the server lose a key, which a client finds out.
func (w *world) evict(*rapid.T) {
	key := w.key()
	delete(w.items, key)
	w.c.Out([]byte(key))
}

// TestValuesAreThoseOfTheServer: whatever happens, a value from memory is what the server holds at that moment.
func TestValuesAreThoseOfTheServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t, items: map[string]item{}, now: int64(time.Hour)}
		w.c = New(Options{
			Size:    rapid.SampledFrom([]int{1 << 20, 1 << 20, 2 * (overhead + 40)}).Draw(t, "size"),
			Refresh: refresh, Often: rapid.SampledFrom([]int{1, 1, 3}).Draw(t, "often"), Strict: true,
		})
		rest := []func(*rapid.T){
			w.flush, w.giveUp, w.fail, w.evict,
			func(*rapid.T) { w.now += int64(time.Second / 4) },
			func(*rapid.T) { w.now += int64(time.Second) },
		}
		t.Repeat(map[string]func(*rapid.T){
			"ask": w.ask, "ask more": w.ask, "ask yet more": w.ask,
			"change": w.change, "go on": w.goOn, "execute": w.execute, "receive": w.receive,
			"something else": func(t *rapid.T) { rapid.SampledFrom(rest).Draw(t, "what")(t) },
			"":               func(*rapid.T) { w.c.check() },
		})
	})
}

package chaos

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"magent/test/harness"
)

// operation is something that clients do.
type operation struct {
	name   string
	weight int
}

func (o operation) called() string { return o.name }

var operations = []operation{
	{"get", 6},
	{"mget", 3},
	{"gets", 3},
	{"touch", 1},
	{"set", 5},
	{"add", 1},
	{"append", 1},
	{"incr", 2},
	{"delete", 2},
	{"cas", 3},
}

// fleetOperations are those of the clients of a fleet, where an error may mean that something is carried out later.
var fleetOperations = append(slices.Clone(operations), operation{"quiet", 2})

// client sends pipelines of requests over one connection, and records the replies.
type client struct {
	w      *world
	id     int
	r      *rand.Rand
	conn   *harness.Client
	home   *home
	life   int64             // that of home that conn belongs to
	at     atomic.Int64      // the round that it is in
	n      int               // number of values that it has made
	tokens map[string]string // the last ones, by key
	last   string            // the last answer
}

// enter adds a client, whose goroutine is not started yet.
func (w *world) enter(id int) *client {
	c := &client{w: w, id: id, r: rand.New(rand.NewPCG(w.seed, uint64(id)+100)), tokens: map[string]string{}}
	c.home = w.homes[id%len(w.homes)]
	c.dial()
	return c
}

// dial connects, and retries while the proxy is away. It returns false if it could not connect before the end.
func (c *client) dial() bool {
	if c.conn != nil {
		c.conn.Close()
	}
	for !c.w.ended.Load() {
		if c.life = c.home.lives.Load(); c.life%2 == 0 {
			if conn, err := c.home.open(); err == nil {
				c.conn = conn
				return true
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	return false
}

func (c *client) run() {
	defer c.at.Store(math.MaxInt64)
	defer func() { c.conn.Close() }()
	for ok := true; ok && !c.w.ended.Load(); {
		round := c.w.round.Load()
		if c.at.Swap(round) != round {
			clear(c.tokens)
		}
		if c.r.Float64() < c.w.retries {
			ok = c.retry(round)
		} else {
			queries := make([]query, 1+c.r.IntN(c.w.depth))
			for i := range queries {
				queries[i] = c.think(round)
			}
			ok = c.ask(round, queries...)
		}
		for c.w.calm.Load() && !c.w.ended.Load() {
			time.Sleep(5 * time.Millisecond)
		}
		if c.w.pace > 0 {
			time.Sleep(time.Duration(c.r.Int64N(int64(c.w.pace))))
		}
	}
}

// think invents a query.
func (c *client) think(round int64) query {
	k := c.choose()
	q := request{key: c.w.key(round, k)}
	switch q.op = c.w.ops[pick(c.r, c.w.ops, func(o operation) int { return o.weight })].name; q.op {
	case "mget":
		var many query
		for i := range 2 + c.r.IntN(3) {
			many = append(many, request{op: "get", key: c.w.key(round, (k+i)%c.w.keys)})
		}
		return many
	case "cas":
		if q.token = c.tokens[q.key]; q.token == "" {
			q.op = "gets"
		} else {
			q.arg = c.value()
		}
	case "set", "add", "quiet":
		q.arg = c.value()
	case "append":
		q.arg = "1"
	}
	return query{q}
}

// choose draws a key.
func (c *client) choose() int { return int(math.Pow(c.r.Float64(), c.w.skew) * float64(c.w.keys)) }

// retry changes a value like a program that uses cas: it reads the value with its token and stores another one with
// that. If another client was faster, it starts again. It reports whether the client can continue.
func (c *client) retry(round int64) bool {
	q := request{key: c.w.key(round, c.choose())}
	for range 4 {
		delete(c.tokens, q.key)
		if q.op = "gets"; !c.ask(round, query{q}) {
			return false
		}
		if c.tokens[q.key] == "" {
			return true
		}
		swap := request{op: "cas", key: q.key, arg: c.value(), token: c.tokens[q.key]}
		if !c.ask(round, query{swap}) {
			return false
		}
		if c.last == "STORED" {
			return true
		}
	}
	return true
}

// spacing is the distance between values that clients store, which is more than incr adds.
const spacing = 1000

// value returns a number that no other request stores, and that incr does not produce.
func (c *client) value() string {
	c.n += spacing
	return fmt.Sprintf("%d%09d", c.id+1, c.n)
}

// ask sends a pipeline and records the replies. It reports whether the client can continue.
func (c *client) ask(round int64, queries ...query) bool {
	var line strings.Builder
	for _, q := range queries {
		line.WriteString(q.wire(c.w.pad))
	}
	call := c.w.now()
	err := c.conn.TrySend(line.String())
	for i, q := range queries {
		var reply string
		if err == nil {
			reply, err = c.conn.TryReply()
		}
		if err != nil {
			reply = gone
		}
		c.note(round, call, i, q, reply)
	}
	switch {
	case err == nil:
		return true
	case c.life == c.home.lives.Load() && c.w.fleet == nil:
		c.w.t.Errorf("client %d: %v", c.id, err)
		return false
	}
	return c.dial()
}

// gone is the reply to a request that was lost when the proxy died.
const gone = "SERVER_ERROR the proxy is gone"

// note adds a query to the history: the nth of a pipeline.
func (c *client) note(round, call int64, n int, q query, reply string) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	now := c.w.now()
	c.w.costs.note(time.Duration(now-call), reply, func() string {
		return fmt.Sprintf("%s of %s, number %d of a pipeline of client %d, at %s", q[0].op, q[0].key, n+1, c.id,
			c.w.begin.Add(time.Duration(now)).UTC().Format("15:04:05.000"))
	})
	if harness.IsError(reply) {
		c.w.count.errors[strings.TrimSpace(reply)]++
		if reply != gone && !c.w.strict {
			c.w.void[round] = true
		}
	}
	answers := q.parse(reply)
	if c.w.fleet != nil { // an error says only that the outcome is not known
		for i := range answers {
			answers[i].orphan = answers[i].unknown
		}
	}
	c.last = answers[len(answers)-1].text
	for i, r := range q {
		o := porcupine.Operation{ClientId: c.id, Input: r, Output: answers[i], Call: call, Return: c.w.now()}
		if r.op == "quiet" {
			o = c.noteQuiet(round, o)
			r = o.Input.(request)
		}
		if r.op == "get" && !answers[i].unknown {
			c.w.count.reads++
			c.w.count.misses += b2i(answers[i].text == "")
		}
		if answers[i].token != "" {
			c.tokens[r.key] = answers[i].token
		}
		if answers[i].unknown {
			if r.reads() {
				continue
			}
			o.Return = math.MaxInt64
		}
		c.w.put(round, r.key, o)
		if answers[i].unknown && !answers[i].orphan {
			o.Input = request{op: "lose", key: r.key}
			c.w.put(round, r.key, o)
		}
	}
}

// noteQuiet adds the set of a quiet request to the history, and returns its get. The lock is held.
func (c *client) noteQuiet(round int64, o porcupine.Operation) (get porcupine.Operation) {
	get = o
	var stored response
	o.Input, get.Input, stored = o.Input.(request).split(o.Output.(response))
	if o.Output = stored; stored.unknown {
		o.Return = math.MaxInt64
	}
	c.w.put(round, o.Input.(request).key, o)
	return get
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// put is called with the lock held.
func (w *world) put(round int64, key string, o porcupine.Operation) {
	if w.history[round] == nil {
		w.history[round] = map[string][]porcupine.Operation{}
	}
	w.history[round][key] = append(w.history[round][key], o)
}

func (w *world) now() int64 { return int64(time.Since(w.begin)) }

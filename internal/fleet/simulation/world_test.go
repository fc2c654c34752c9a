package simulation

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"

	"magent/internal/fleet/core"
)

const ms = time.Millisecond

// world is a fleet, its servers and its clients, in a time of its own. The same seed gives the same course of events.
type world struct {
	rng     *rand.Rand
	now     time.Duration
	events  events
	seq     uint64
	steps   int
	nodes   []*node
	servers []*server
	cut     map[path]bool // what does not get through, one way
	noise   noise
	latest  map[path]time.Duration // when the last message arrives, in a network without noise
	check   *check
	plan    plan
	trace   []string
	tracing bool
	ending  bool          // clients begin nothing new
	large   float64       // how many of the answers to reads need room
	tardy   time.Duration // how long a connection may wait for a server that goes on
	// posted is told of each message between members after it was sent, if it is there.
	posted func(from, to *node, m core.Message)
}

// path leads from one to another: nodes from 0, servers from 100.
type path struct{ from, to int }

// noise is how bad the network is between members.
type noise struct {
	loss, twice, late, disk float64
	slow                    time.Duration // how long each write takes, and a little more
}

type event struct {
	at  time.Duration
	seq uint64
	do  func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push and Pop implement heap.Interface.
func (e *events) Push(x any) { *e = append(*e, x.(event)) }

// Pop implements heap.Interface.
func (e *events) Pop() any {
	old := *e
	x := old[len(old)-1]
	old[len(old)-1] = event{}
	*e = old[:len(old)-1]
	return x
}

// after has something happen.
func (w *world) after(d time.Duration, do func()) {
	w.seq++
	heap.Push(&w.events, event{w.now + d, w.seq, do})
}

// run goes on for a while, or until something is found.
func (w *world) run(d time.Duration) {
	end := w.now + d
	for len(w.events) > 0 && w.events[0].at <= end && w.check.found == "" {
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		w.steps++
		e.do()
	}
	if w.check.found == "" {
		w.now = end
	}
}

// between is a random time.
func (w *world) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.rng.Int64N(int64(high-low)+1))
}

func (w *world) chance(p float64) bool { return p > 0 && w.rng.Float64() < p }

// log keeps what happened, when somebody wants to read it.
func (w *world) log(format string, args ...any) {
	if w.tracing {
		w.trace = append(w.trace, fmt.Sprintf("%9.3f ", float64(w.now)/float64(time.Second))+
			fmt.Sprintf(format, args...))
	}
}

// datagram carries a message between members, perhaps: it may be lost, late, or come twice.
func (w *world) datagram(from, to int, deliver func()) {
	n := 1
	if w.chance(w.noise.twice) {
		n = 2
	}
	for range n {
		if w.cut[path{from, to}] || w.chance(w.noise.loss) {
			continue
		}
		at := w.now + w.between(ms/5, 2*ms)
		switch {
		case w.chance(w.noise.late):
			at += w.between(0, 400*ms)
		case w.noise.loss+w.noise.twice+w.noise.late == 0: // first in, first out, as the links are
			at = max(at, w.latest[path{from, to}])
			w.latest[path{from, to}] = at
		}
		w.after(at-w.now, deliver)
	}
}

// isolate cuts, or heals, all paths of something to others.
func (w *world) isolate(id int, others []int, out, in, cut bool) {
	for _, o := range others {
		if o == id {
			continue
		}
		if out {
			w.set(path{id, o}, cut)
		}
		if in {
			w.set(path{o, id}, cut)
		}
	}
}

func (w *world) set(p path, cut bool) {
	if cut {
		w.cut[p] = true
	} else {
		delete(w.cut, p)
	}
}

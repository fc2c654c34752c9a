package replicate

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// op is one request of a client for one key, and the answer to it.
type op struct {
	verb     string // of a request; loss: a second failure, by which the key may be lost
	value    string // set, add, append, cas: what is stored
	seen     string // cas: the value that its token came with
	begun    int    // the time of the request, by a clock that counts steps
	ended    int    // the time of the answer; forever: there is none
	answer   string // the first line of the reply; for a get the value
	hit      bool   // get: there was a value
	answered bool
	doubtful bool // both copies had failed, so it may have been carried out even if the answer denies it
	spared   bool // the other server was under repair, so a mutation may have found nothing
}

const forever = 1 << 30

func (o op) String() string {
	return fmt.Sprintf("[%d, %d] %s %q (token of %q): %q", o.begun, o.ended, o.verb, o.value, o.seen, o.answer)
}

// unknown reports whether nobody knows if o was carried out.
func (o op) unknown() bool { return !o.answered || o.failed() || o.doubtful && o.refused() }

// failed reports whether no copy could answer o.
func (o op) failed() bool { return strings.HasPrefix(o.answer, "SERVER_ERROR") }

// refused reports whether the answer to o says that it was not carried out.
func (o op) refused() bool {
	switch o.answer {
	case "NOT_FOUND", "NOT_STORED", "EXISTS":
		return true
	}
	return strings.HasPrefix(o.answer, "CLIENT_ERROR")
}

// doubted marks the mutations of a history that may have been carried out although their answers deny it.
// docs/guarantees.md promises consistency for one failure at a time. If both copies of the key have failed, one of
// them may have carried out such a mutation and lead the key now. The rule for reads still holds: no value is older
// than one that was read before.
//
// No end of this can be told from the answers: what has failed is still under way on slow copies, and a mutation that
// begins later finds something else on each of them. So it cannot be limited to those that overlap with a failed one.
// For the same reason a cas may have found its value on one of them, although the other one has a newer value.
func doubted(ops []op) []op {
	first := forever
	for _, o := range ops {
		if o.failed() {
			first = min(first, o.begun)
		}
	}
	out := slices.Clone(ops)
	for i, o := range out {
		out[i].doubtful = o.ended > first && o.verb != "get"
	}
	return out
}

// foundNothing reports whether the answer to o says that there is no such key.
func (o op) foundNothing() bool {
	switch {
	case o.unknown():
		return false
	case o.verb == "get":
		return !o.hit
	case o.verb == "add":
		return o.answer == "STORED"
	case o.verb == "append":
		return o.answer == "NOT_STORED"
	}
	return o.answer == "NOT_FOUND"
}

// missing is the value of a key that does not exist.
const missing = ""

// outcomes returns the values that a key may have after o, given that it had the value v before and that o got its
// answer; nil: that answer is wrong. A miss is always right because a cache may forget, unless keeps is set.
func (o op) outcomes(v string, keeps bool) (after []string) {
	switch {
	case keeps && v != missing && o.foundNothing() && !o.spared:
		return nil
	case o.unknown():
		return append([]string{v}, o.effect(v)...)
	case o.verb == "loss" && v != missing:
		return []string{v, missing}
	case o.verb == "get" && o.hit:
		if o.answer == v {
			return []string{v}
		}
		return nil
	case o.answer == "STORED" && o.verb == "append", o.answer == "NOT_STORED" && o.verb == "add",
		o.answer == "TOUCHED":
		if v == missing {
			return nil
		}
		if o.verb == "append" {
			v += o.value
		}
		return []string{v}
	case o.answer == "STORED" && o.verb == "cas":
		return o.effect(v)
	case o.answer == "STORED":
		return []string{o.value}
	case o.answer == "DELETED" && v == missing:
		return nil
	case o.verb == "delete":
		return []string{missing}
	case o.verb == "incr" && o.answer != "NOT_FOUND" && !strings.HasPrefix(o.answer, "CLIENT_ERROR"):
		if e := o.effect(v); len(e) == 0 || e[0] != o.answer {
			return nil
		}
		return []string{o.answer}
	}
	return []string{v}
}

// effect returns the values that o may turn v into when it is carried out.
func (o op) effect(v string) []string {
	switch o.verb {
	case "set", "add":
		return []string{o.value}
	case "cas":
		if v == o.seen || o.doubtful {
			return []string{o.value}
		}
	case "append":
		if v != missing {
			return []string{v + o.value}
		}
	case "delete":
		return []string{missing}
	case "incr":
		if n, err := strconv.ParseUint(v, 10, 64); err == nil {
			return []string{strconv.FormatUint(n+1, 10)}
		}
	}
	return nil
}

// linearizable reports whether the operations on one key can be ordered so that every answer is right. Each operation
// has to take effect at one moment between its request and its answer. keeps means that no value was lost. This is the
// search of Wing and Gong, "Testing and Verifying Concurrent Objects".
func linearizable(ops []op, keeps bool) bool {
	s := search{ops: ops, keeps: keeps, seen: map[place][]uint64{}}
	for i, o := range ops {
		if !o.unknown() {
			s.known |= 1 << i
		}
	}
	s.add(0, missing)
	for n := 0; n < len(s.open); n++ {
		for len(s.open[n]) > 0 {
			last := len(s.open[n]) - 1
			at := s.open[n][last]
			s.open[n] = s.open[n][:last]
			if at.done&s.known == s.known {
				return true
			}
			s.advance(at)
		}
	}
	return false
}

// search looks for an order of at most 64 operations. It must not take exponential time if of many operations nobody
// knows whether they were carried out. Such an operation is only placed where it changes the value. And orders with
// fewer of them are tried first: an order that comes to the same place with those and more can do no more.
type search struct {
	ops   []op
	keeps bool
	known uint64             // a bit for each operation whose answer is known
	open  [][]place          // where to go on, by the number of other operations that are done
	seen  map[place][]uint64 // by the known operations that are done, and the value: the others
}

// place is how far the search is: the operations that are done, and the value.
type place struct {
	done  uint64
	value string
}

// add notes a place from which to go on.
func (s *search) add(done uint64, value string) {
	p, others := place{done & s.known, value}, done&^s.known
	for _, fewer := range s.seen[p] {
		if fewer&^others == 0 {
			return
		}
	}
	s.seen[p] = append(s.seen[p], others)
	n := bits.OnesCount64(others)
	for n >= len(s.open) {
		s.open = append(s.open, nil)
	}
	s.open[n] = append(s.open[n], place{done, value})
}

// advance adds the places that are one operation further. If a known operation may be next, and leaves the value as it
// is, then it is next: later it could do no more.
func (s *search) advance(at place) {
	next := s.next(at.done)
	for _, i := range next {
		if o := s.ops[i]; !o.unknown() && slices.Equal(o.outcomes(at.value, s.keeps), []string{at.value}) {
			s.add(at.done|1<<i, at.value)
			return
		}
	}
	for _, i := range next {
		for _, v := range s.ops[i].outcomes(at.value, s.keeps) {
			if !s.ops[i].unknown() || v != at.value {
				s.add(at.done|1<<i, v)
			}
		}
	}
}

// next returns the operations that may take effect next: none that is left was answered before they began.
func (s *search) next(done uint64) (next []int) {
	first := forever + 1
	for i, o := range s.ops {
		if done&(1<<i) == 0 && !o.unknown() {
			first = min(first, o.ended)
		}
	}
	for i, o := range s.ops {
		if done&(1<<i) == 0 && o.begun <= first {
			next = append(next, i)
		}
	}
	return next
}

func TestLinearizable(t *testing.T) {
	done := func(begun, ended int, verb, value, answer string) op {
		return op{
			verb: verb, value: value, begun: begun, ended: ended, answer: answer, answered: true,
			hit: verb == "get" && answer != "",
		}
	}
	set1, set2 := done(1, 2, "set", "1", "STORED"), done(3, 4, "set", "2", "STORED")
	lost := op{verb: "set", value: "9", begun: 3, ended: forever}
	var many []op // the search of a naive program would not end
	for i := range 40 {
		many = append(many, op{verb: "set", value: strconv.Itoa(i), begun: i, ended: forever})
	}
	cas := done(5, 6, "cas", "3", "STORED")
	cas.seen = "1"
	for _, w := range []struct {
		name  string
		ops   []op
		want  bool
		keeps bool // the same where no value is lost
	}{
		{"the last value", []op{set1, set2, done(5, 6, "get", "", "2")}, true, true},
		{"an older value", []op{set1, set2, done(5, 6, "get", "", "1")}, false, false},
		{"a miss", []op{set1, set2, done(5, 6, "get", "", "")}, true, false},
		{
			"a value that comes back after a miss",
			[]op{set1, done(3, 4, "get", "", ""), done(5, 6, "get", "", "1")},
			true, false,
		},
		{"a deleted value", []op{set1, done(3, 4, "delete", "", "DELETED"), done(5, 6, "get", "", "1")}, false, false},
		{
			"at the same time",
			[]op{set1, done(3, 9, "set", "2", "STORED"), done(4, 5, "get", "", "2"), done(6, 7, "get", "", "2")},
			true, true,
		},
		{
			"there and back",
			[]op{set1, done(3, 9, "set", "2", "STORED"), done(4, 5, "get", "", "2"), done(6, 7, "get", "", "1")},
			false, false,
		},
		{
			"unknown, carried out late",
			[]op{set1, lost, done(5, 6, "get", "", "1"), done(7, 8, "get", "", "9")},
			true, true,
		},
		{
			"unknown, carried out twice",
			[]op{lost, done(5, 6, "get", "", "9"), done(7, 8, "set", "2", "STORED"), done(9, 10, "get", "", "9")},
			false, false,
		},
		{"one of many that are unknown", append(slices.Clip(many), done(50, 51, "get", "", "7")), true, true},
		{"none of many that are unknown", append(slices.Clip(many), done(50, 51, "get", "", "99")), false, false},
		{"a value that was lost", []op{set1, done(3, 4, "loss", "", ""), done(5, 6, "get", "", "")}, true, true},
		{
			"a value that comes back after a loss",
			[]op{set1, set2, done(5, 6, "loss", "", ""), done(7, 8, "get", "", "1")},
			false, false,
		},
		{"a miss after a loss", []op{done(1, 2, "loss", "", ""), set2, done(5, 6, "get", "", "")}, true, false},
		{"cas over another value", []op{set1, set2, cas}, false, false},
		{"cas", []op{set1, cas}, true, true},
		{
			"incr of an older value",
			[]op{set1, done(3, 4, "set", "5", "STORED"), done(5, 6, "incr", "", "2")},
			false, false,
		},
	} {
		if got := linearizable(w.ops, false); got != w.want {
			t.Errorf("%s: %v", w.name, got)
		}
		if got := linearizable(w.ops, true); got != w.keeps {
			t.Errorf("%s, and no value is lost: %v", w.name, got)
		}
	}
}

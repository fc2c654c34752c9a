package chaos

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/anishathalye/porcupine"
)

// rule says whether a memcached in a state may give this response to a request, and what its state is then.
type rule func(before state, q request, got response) (ok bool, after state)

// verdict says whether a history is linearizable.
type verdict int

const (
	legal verdict = iota
	illegal
	unsure // the search was given up
)

// limit is how many points of a search are looked at, which takes some seconds. Usually fewer than a thousand are.
const limit = 2_000_000

// explain finds an order of the operations on one key that obeys a rule. explained is how many of those with a known
// outcome could be put in order.
//
// porcupine does the same, but takes exponential time in the number of operations whose outcome is unknown. Such an
// operation may have happened or not. Here it is put in order only where others cannot be explained without it.
func explain(follows rule, part []porcupine.Operation) (found verdict, explained int) {
	s := search{follows: follows, seen: map[string][][]int{}}
	for _, o := range part {
		if o.Return == math.MaxInt64 {
			s.unknown = append(s.unknown, o)
		} else {
			s.known = append(s.known, o)
		}
	}
	byCall := func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) }
	slices.SortStableFunc(s.known, byCall)
	slices.SortStableFunc(s.unknown, byCall)
	return s.run()
}

// search goes from point to point. It takes as few unknown operations as possible: level after level, each with one
// more of them than the one before.
type search struct {
	follows        rule
	known, unknown []porcupine.Operation // by call
	level, next    []point
	looked         int
	// seen has the points that were looked at: the unknown operations that each had taken, by what it is otherwise.
	// A point that has taken these and more leads to nothing else.
	seen map[string][][]int
}

// point is an order of some of the operations.
type point struct {
	state state
	from  int   // the first known operation that is not in it
	ahead []int // later known ones that are, ascending
	taken []int // unknown ones that are, ascending
}

func (s *search) run() (found verdict, explained int) {
	for s.level = []point{{}}; len(s.level) > 0; s.level, s.next = s.next, nil {
		for len(s.level) > 0 {
			last := len(s.level) - 1
			p := s.settle(s.level[last])
			s.level = s.level[:last]
			explained = max(explained, p.from+len(p.ahead))
			switch {
			case p.from == len(s.known):
				return legal, explained
			case s.looked == limit:
				return unsure, explained
			case !s.covered(p):
				s.goOn(p)
			}
		}
	}
	return illegal, explained
}

// settle puts in order what changes nothing. That is never wrong: it is possible here, and all that follows is
// possible behind it.
func (s *search) settle(p point) point {
	for again := true; again; {
		again = false
		for _, i := range s.possible(p) {
			o := s.known[i]
			if q, got := o.Input.(request), o.Output.(response); harmless(q, got) {
				if ok, after := s.follows(p.state, q, got); ok {
					p, again = p.with(i, after), true
					break
				}
			}
		}
	}
	return p
}

// harmless reports that a request cannot have changed the value. gets is, too: a token that is handed out early makes
// nothing wrong. It belongs to this value alone, for no value is stored twice.
func harmless(q request, got response) bool {
	switch q.op {
	case "add", "append":
		return got.text == "NOT_STORED"
	case "incr":
		return got.text == "NOT_FOUND"
	case "cas":
		return got.text == "EXISTS" || got.text == "NOT_FOUND"
	}
	return q.reads()
}

// possible returns the known operations that may come next: nothing else has ended before they began.
func (s *search) possible(p point) (some []int) {
	end := int64(math.MaxInt64)
	for i := p.from; i < len(s.known) && s.known[i].Call <= end; i++ {
		if _, done := slices.BinarySearch(p.ahead, i); !done {
			some = append(some, i)
			end = min(end, s.known[i].Return)
		}
	}
	return some
}

// goOn adds the points behind p.
func (s *search) goOn(p point) {
	s.looked++
	possible := s.possible(p)
	end := int64(math.MaxInt64)
	for _, i := range slices.Backward(possible) { // the first is looked at first
		o := s.known[i]
		end = min(end, o.Return)
		if ok, after := s.follows(p.state, o.Input.(request), o.Output.(response)); ok {
			s.level = append(s.level, p.with(i, after))
		}
	}
	tried := map[request]bool{} // of equal ones, the first will do
	for i, o := range s.unknown {
		q := o.Input.(request)
		if o.Call > end {
			break
		}
		if _, taken := slices.BinarySearch(p.taken, i); taken || tried[q] {
			continue
		}
		tried[q] = true
		if ok, after := s.follows(p.state, q, o.Output.(response)); ok && after != p.state {
			p := p
			p.state, p.taken = after, inserted(p.taken, i)
			s.next = append(s.next, p)
		}
	}
}

// with returns p and a known operation behind it.
func (p point) with(i int, after state) point {
	p.state, p.ahead = after, inserted(p.ahead, i)
	for len(p.ahead) > 0 && p.ahead[0] == p.from {
		p.from, p.ahead = p.from+1, p.ahead[1:]
	}
	return p
}

// covered reports whether a point was looked at that leads to the same as p, and else notes p.
func (s *search) covered(p point) bool {
	key := fmt.Sprint(p.from, p.ahead, p.state)
	for _, taken := range s.seen[key] {
		if isSubset(taken, p.taken) {
			return true
		}
	}
	s.seen[key] = append(s.seen[key], p.taken)
	return false
}

// inserted returns a copy of an ascending list with one more element.
func inserted(list []int, x int) []int {
	i, _ := slices.BinarySearch(list, x)
	return slices.Insert(slices.Clone(list), i, x)
}

// isSubset compares ascending lists.
func isSubset(some, all []int) bool {
	for _, x := range some {
		if _, found := slices.BinarySearch(all, x); !found {
			return false
		}
	}
	return true
}

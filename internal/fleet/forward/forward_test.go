package forward

import (
	"fmt"
	"testing"
	"time"
)

const second = time.Second

func ids(sends []Send) string {
	var text []uint64
	for _, s := range sends {
		text = append(text, s.ID)
	}
	return fmt.Sprint(text)
}

func read(id uint64) Request  { return Request{ID: id, Group: "g", Deadline: second} }
func write(id uint64) Request { return Request{ID: id, Group: "g", Deadline: second, Mutation: true} }

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// Reads go to the next owner, in order; a mutation that was sent does not, and is unknown at its deadline.
func TestNextOwner(t *testing.T) {
	q, a, b := New(), Owner{"a", 1, 1}, Owner{"b", 2, 2}
	want(t, "without an owner", ids(q.Add(write(1))), "[]")
	want(t, "with one", ids(q.Owner("g", a)), "[1]")
	want(t, "at once", ids(q.Add(read(2)))+ids(q.Add(write(3)))+ids(q.Add(read(4))), "[2][3][4]")
	want(t, "the same owner", ids(q.Owner("g", a)), "[]")
	want(t, "answered", q.Answered(1), true)
	want(t, "answered twice", q.Answered(1), false)
	want(t, "the link ends", ids(q.Owner("g", Owner{})), "[]")
	want(t, "waits", ids(q.Add(write(5))), "[]")
	want(t, "the next owner", ids(q.Owner("g", b)), "[2 4 5]")
	want(t, "answered after all", q.Answered(3), true)
	want(t, "early", q.Expire(second-1), "[]")
	want(t, "at the deadline", q.Expire(second), "[{2 false} {4 false} {5 true}]")
	want(t, "late", q.Answered(5), false)
}

// What was given back was not carried out, and goes to the next owner, a mutation too.
func TestReturned(t *testing.T) {
	q, a, b := New(), Owner{"a", 1, 1}, Owner{"a", 1, 3}
	q.Owner("g", a)
	q.Add(write(1))
	q.Returned(1, 1)
	q.Returned(9, 1)
	want(t, "not again", ids(q.Owner("g", a)), "[]")
	want(t, "not to the same", ids(q.Add(write(2))), "[]")
	want(t, "to the next", ids(q.Owner("g", b)), "[1 2]")
	q.Returned(1, 1)
	want(t, "there is another one already", ids(q.Owner("g", b)), "[1]")
	q.Owner("g", Owner{})
	want(t, "unknown", q.Expire(second), "[{1 true} {2 true}]")
}

func TestClock(t *testing.T) {
	var c Clock
	want(t, "nothing is known", c.Before(0, 100*second), false)
	c.Sample(10*second, 500*second) // the other's clock is ahead by 490 s, or by less
	want(t, "in time", c.Before(11*second, 502*second), true)
	want(t, "too late", c.Before(11*second, 501*second), false)
	c.Sample(9*second, 400*second) // an older one
	want(t, "as before", c.Before(11*second, 501*second), false)
}

package simulation

import (
	"fmt"
	"testing"
	"time"
)

func ids(sends []Send) string {
	var text []uint64
	for _, s := range sends {
		text = append(text, s.ID)
	}
	return fmt.Sprint(text)
}

func read(id uint64) Request { return Request{ID: id, Group: "g", Deadline: time.Second} }
func write(id uint64) Request {
	return Request{ID: id, Group: "g", Deadline: time.Second, Mutation: true}
}

func wantQueue(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// Reads go to the next owner, in order; a mutation that was sent does not, and is unknown at its deadline.
func TestNextOwner(t *testing.T) {
	q, a, b := NewQueue(), Owner{"a", 1, 1}, Owner{"b", 2, 2}
	wantQueue(t, "without an owner", ids(q.Add(write(1))), "[]")
	wantQueue(t, "with one", ids(q.Owner("g", a)), "[1]")
	wantQueue(t, "at once", ids(q.Add(read(2)))+ids(q.Add(write(3)))+ids(q.Add(read(4))), "[2][3][4]")
	wantQueue(t, "the same owner", ids(q.Owner("g", a)), "[]")
	wantQueue(t, "answered", q.Answered(1), true)
	wantQueue(t, "answered twice", q.Answered(1), false)
	wantQueue(t, "the link ends", ids(q.Owner("g", Owner{})), "[]")
	wantQueue(t, "waits", ids(q.Add(write(5))), "[]")
	wantQueue(t, "the next owner", ids(q.Owner("g", b)), "[2 4 5]")
	wantQueue(t, "answered after all", q.Answered(3), true)
	wantQueue(t, "early", q.Expire(time.Second-1), "[]")
	wantQueue(t, "at the deadline", q.Expire(time.Second), "[{2 false} {4 false} {5 true}]")
	wantQueue(t, "late", q.Answered(5), false)
}

// What was given back was not carried out, and goes to the next owner, a mutation too.
func TestReturned(t *testing.T) {
	q, a, b := NewQueue(), Owner{"a", 1, 1}, Owner{"a", 1, 3}
	q.Owner("g", a)
	q.Add(write(1))
	q.Returned(1, 1)
	q.Returned(9, 1)
	wantQueue(t, "not again", ids(q.Owner("g", a)), "[]")
	wantQueue(t, "not to the same", ids(q.Add(write(2))), "[]")
	wantQueue(t, "to the next", ids(q.Owner("g", b)), "[1 2]")
	q.Returned(1, 1)
	wantQueue(t, "there is another one already", ids(q.Owner("g", b)), "[1]")
	q.Owner("g", Owner{})
	wantQueue(t, "unknown", q.Expire(time.Second), "[{1 true} {2 true}]")
}

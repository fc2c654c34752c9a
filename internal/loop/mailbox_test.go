package loop

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"magent/internal/testkit"
)

// letter is a task that records its poster and number when it runs.
type letter struct {
	book *[][]int
	from int
	n    int
	left *int
	done chan<- struct{}
}

func (m letter) Run() {
	(*m.book)[m.from] = append((*m.book)[m.from], m.n)
	if *m.left--; *m.left == 0 {
		close(m.done)
	}
}

func TestManyPostersLoseNothing(t *testing.T) {
	const posters, each = 8, 3000
	l := running(t)
	book, left, done := make([][]int, posters), posters*each, make(chan struct{})
	var all sync.WaitGroup
	for from := range posters {
		all.Go(func() {
			for n := range each {
				l.Post(letter{&book, from, n, &left, done})
			}
		})
	}
	all.Wait()
	testkit.Await(t, "done", done)
	for from, got := range book {
		if len(got) != each || !slices.IsSorted(got) {
			t.Errorf("poster %d: %d tasks ran, want %d; in order: %v", from, len(got), each, slices.IsSorted(got))
		}
	}
}

// A task may post a task to its own loop, which runs in a later turn.
func TestPostFromATask(t *testing.T) {
	l := running(t)
	turns := make(chan int64, 2)
	l.Post(TaskFunc(func() {
		l.Post(TaskFunc(func() { turns <- l.Turns }))
		turns <- l.Turns
	}))
	if first, second := testkit.Await(t, "turns", turns), testkit.Await(t, "turns", turns); second <= first {
		t.Errorf("posted in turn %d, run in turn %d", first, second)
	}
}

// The tasks that one turn sends to another loop run in one turn there, and in order.
func TestSendToBatches(t *testing.T) {
	const tasks = 500
	a, b := running(t), running(t)
	type note struct {
		n    int
		turn int64
	}
	var notes []note
	done := make(chan struct{})
	on(t, a, func() {
		for n := range tasks {
			a.SendTo(b, TaskFunc(func() {
				notes = append(notes, note{n, b.Turns})
				if n == tasks-1 {
					close(done)
				}
			}))
		}
	})
	testkit.Await(t, "done", done)
	for n, got := range notes {
		if got.n != n || got.turn != notes[0].turn {
			t.Fatalf("task %d: ran as number %d in turn %d, the first one in turn %d", got.n, n, got.turn,
				notes[0].turn)
		}
	}
}

// Two loops send a task back and forth, and to themselves.
func TestSendToAndBack(t *testing.T) {
	a, b := running(t), running(t)
	done := make(chan struct{})
	rounds := 0
	var there, back TaskFunc
	there = func() { b.SendTo(a, back) }
	back = func() {
		if rounds++; rounds == 1000 {
			a.SendTo(a, TaskFunc(func() { close(done) }))
			return
		}
		a.SendTo(b, there)
	}
	a.Post(back)
	testkit.Await(t, "done", done)
}

// After the end of a loop the number of its eventfd may be reused. A late Post must not write to it.
func TestPostAfterTheEnd(t *testing.T) {
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	number := l.mail.fd
	l.Stop()
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	other, err := unix.Eventfd(0, unix.EFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	if other != number {
		if err := unix.Dup3(other, number, 0); err != nil {
			t.Fatal(err)
		}
		unix.Close(other)
		other = number
	}
	defer unix.Close(other)
	l.Post(TaskFunc(func() { t.Error("a task ran on a loop that has ended") }))
	var b [8]byte
	if _, err := Read(other, b[:]); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("reading the eventfd that has the number now: %v, want EAGAIN", err)
	}
}

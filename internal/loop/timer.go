package loop

import "time"

// Timer calls a function on the loop's thread at or after a point in time. Make it once with NewTimer and set it
// again and again: setting and stopping allocate nothing.
type Timer struct {
	fn    func()
	when  int64
	index int // place in the heap + 1; 0: not set
}

// NewTimer returns a timer that is not set.
func NewTimer(fn func()) *Timer { return &Timer{fn: fn} }

// Set (re)starts t to fire d from now.
func (l *Loop) Set(t *Timer, d time.Duration) { l.SetAt(t, l.now+int64(d)) }

// SetAt (re)starts t to fire when Now has reached when: in a later turn, if it has already.
func (l *Loop) SetAt(t *Timer, when int64) {
	l.Unset(t)
	t.when = max(when, l.now+1)
	l.timers.push(t)
}

// Unset stops t; it is no error when t is not set.
func (l *Loop) Unset(t *Timer) {
	if t.index > 0 {
		l.timers.remove(t.index - 1)
	}
}

// IsSet reports whether t is going to fire.
func (t *Timer) IsSet() bool { return t.index > 0 }

// timerHeap is a binary heap with the earliest timer first. It holds a few timers per connection to a server, none
// per request.
type timerHeap []*Timer

func (h timerHeap) first() (when int64, ok bool) {
	if len(h) == 0 {
		return 0, false
	}
	return h[0].when, true
}

// fire runs what is due. What the functions set is never due now (see SetAt), so this ends.
func (h *timerHeap) fire(now int64) {
	for len(*h) > 0 && (*h)[0].when <= now {
		t := (*h)[0]
		h.remove(0)
		t.fn()
	}
}

func (h *timerHeap) push(t *Timer) {
	*h = append(*h, t)
	t.index = len(*h)
	h.up(len(*h) - 1)
}

func (h *timerHeap) remove(i int) {
	last := len(*h) - 1
	h.swap(i, last)
	(*h)[last].index = 0
	(*h)[last] = nil
	*h = (*h)[:last]
	if i < last {
		h.down(i)
		h.up(i)
	}
}

func (h timerHeap) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

func (h timerHeap) up(i int) {
	for i > 0 && h[i].when < h[(i-1)/2].when {
		h.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (h timerHeap) down(i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h); c++ {
			if h[c].when < h[least].when {
				least = c
			}
		}
		if least == i {
			return
		}
		h.swap(i, least)
		i = least
	}
}

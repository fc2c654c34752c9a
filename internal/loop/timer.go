package loop

// Timer calls a function on the loop's goroutine at or after a point in time. It can be set many times; setting and
// stopping it do not allocate.
type Timer struct {
	fn    func()
	when  int64 // by Loop.Now
	index int   // its index in the heap + 1; 0: it is not set
}

// NewTimer returns a timer that is not set.
func NewTimer(fn func()) *Timer { return &Timer{fn: fn} }

// IsSet reports whether t is going to fire.
func (t *Timer) IsSet() bool { return t.index > 0 }

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

// timerHeap is a binary heap with the earliest timer first. It has a few timers per connection to a server, but none
// per request.
type timerHeap []*Timer

func (h timerHeap) first() (when int64, ok bool) {
	if len(h) == 0 {
		return 0, false
	}
	return h[0].when, true
}

// fire calls the functions of all timers that are due. Timers that these functions set are not due yet (SetAt).
func (h *timerHeap) fire(now int64) {
	for len(*h) > 0 && (*h)[0].when <= now {
		t := (*h)[0]
		h.remove(0)
		t.fn()
	}
}

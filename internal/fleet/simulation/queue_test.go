package simulation

import (
	"slices"
	"time"

	"magent/internal/fleet/forward"
)

// Owner is a process that owns a group in an epoch. The zero value: nobody does.
type Owner struct {
	Name        string
	Incarnation uint64
	Epoch       uint64 // in which it was named
}

// Request is one of a client.
type Request struct {
	ID       uint64
	Group    string
	Mutation bool
	Deadline time.Duration // by this member's clock: the client has its answer by then
}

// Send asks for a request to be sent to an owner.
type Send struct {
	To Owner
	Request
}

// End is a request that gets no answer. Unknown: it may have been carried out.
type End struct {
	ID      uint64
	Unknown bool
}

// Queue has the requests of one member that are not answered: a small copy of what backend.Conn does with those of a
// loop. What becomes of them is the product's decision (forward.Fates). A client is told only at its deadline that
// nobody knows, or that nobody decides.
type Queue struct {
	lines map[string]*line
	group map[uint64]string // by request
}

// line is a group's.
type line struct {
	owner Owner
	over  uint64 // the owner of this epoch carries nothing out any more
	items []item
}

type item struct {
	Request
	sent  bool
	doubt bool // it was sent, and no answer is expected any more
}

// NewQueue is an empty queue.
func NewQueue() *Queue { return &Queue{lines: map[string]*line{}, group: map[uint64]string{}} }

func (q *Queue) line(group string) *line {
	l := q.lines[group]
	if l == nil {
		l = &line{}
		q.lines[group] = l
	}
	return l
}

// Add takes a request, which is sent at once if there is an owner.
func (q *Queue) Add(r Request) []Send {
	l := q.line(r.Group)
	l.items = append(l.items, item{Request: r})
	q.group[r.ID] = r.Group
	return l.send()
}

// send sends what was not sent, in order.
func (l *line) send() (sends []Send) {
	if l.owner.Name == "" {
		return nil
	}
	for i := range l.items {
		if it := &l.items[i]; !it.sent {
			it.sent = true
			sends = append(sends, Send{l.owner, it.Request})
		}
	}
	return sends
}

// Owner says who owns a group now, and that there is a link to it; the zero value: nobody, or there is none.
func (q *Queue) Owner(group string, owner Owner) []Send {
	l := q.line(group)
	if owner.Epoch <= l.over {
		owner = Owner{}
	}
	if l.owner != owner {
		l.owner = owner
		l.lost()
	}
	return l.send()
}

// lost is what the end of a link, or of an owner, means for what was sent.
func (l *line) lost() {
	for i := range l.items {
		it := &l.items[i]
		if !it.sent || it.doubt {
			continue
		}
		asked := []forward.Request{{Mutation: it.Mutation, Written: true, Keys: []string{it.Group}}}
		if forward.Fates(forward.Broken, asked)[0] == forward.Unknown {
			it.doubt = true
		} else {
			it.sent = false
		}
	}
}

// Answered says that an answer has come. false: nobody waits for it any more, and it must not be given to the client.
func (q *Queue) Answered(id uint64) bool {
	l := q.lines[q.group[id]]
	i := l.index(id)
	if i < 0 {
		return false
	}
	l.items = slices.Delete(l.items, i, i+1)
	delete(q.group, id)
	return true
}

// Returned says that who was asked in an epoch has not carried a request out, and never will. It waits for the
// next owner. (If there is one already, call Owner once more.)
func (q *Queue) Returned(id, epoch uint64) {
	l := q.lines[q.group[id]]
	if i := l.index(id); i >= 0 {
		l.items[i].sent, l.items[i].doubt = false, false
		l.over = max(l.over, epoch)
		if l.owner.Epoch <= epoch {
			l.owner = Owner{}
		}
	}
}

func (l *line) index(id uint64) int {
	if l == nil {
		return -1
	}
	return slices.IndexFunc(l.items, func(it item) bool { return it.ID == id })
}

// Expire ends what has waited until its deadline.
func (q *Queue) Expire(now time.Duration) (ends []End) {
	for _, l := range q.lines {
		l.items = slices.DeleteFunc(l.items, func(it item) bool {
			if now < it.Deadline {
				return false
			}
			ends = append(ends, End{it.ID, it.Mutation && it.sent})
			delete(q.group, it.ID)
			return true
		})
	}
	slices.SortFunc(ends, func(a, b End) int { return int(int64(a.ID) - int64(b.ID)) })
	return ends
}

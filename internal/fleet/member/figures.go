package member

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/stats"
)

// figuresEvery is how often figures are published, if no decision changes them.
const figuresEvery = 250 * time.Millisecond

// figures is what people are shown of the member.
type figures struct {
	latest atomic.Pointer[stats.Fleet] // immutable

	// Of run alone.
	published time.Duration
	changed   time.Time // when the view did; zero: it is not known
	in        bool      // this member took part when it was told of the view
	reason    string
	takeovers uint64
	refused   map[string]string // by member: why it, or this one to it, cannot join
	broken    string

	backwards atomic.Uint64

	mu      sync.Mutex
	trouble map[string]string // by member: why there is no connection to it
}

// noted keeps what a decision says about the state of the fleet. in: this member takes part. A view that it hears of
// before may be an old one.
func (f *figures) noted(d core.Decision, in bool) {
	switch d.Act {
	case core.Changed:
		f.changed, f.reason = time.Time{}, printable(d.Reason)
		if in || f.in {
			f.changed = time.Now()
		}
		f.in = in
		for i := range d.View.Members {
			if v := &d.View.Members[i]; v.State.String() != stats.MemberDead {
				delete(f.refused, v.Name)
			}
		}
	case core.Own:
		f.takeovers++
	case core.Refuse, core.Refused:
		f.refused[d.Name] = printable(d.Reason)
	case core.Reborn:
		clear(f.refused)
	case core.Broken:
		f.broken = printable(d.Reason)
	default:
		return
	}
	f.published = 0
}

// printable keeps a text that comes from others from ending the line that it stands in.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, text)
}

// lost keeps why there is no connection to a member; nil: there is one. It tells whether that is news.
func (f *figures) lost(name string, err error) bool {
	text := ""
	if err != nil {
		text = printable(err.Error())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.trouble[name] == text {
		return false
	}
	f.trouble[name] = text
	return true
}

func (f *figures) troubleOf(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.trouble[name]
}

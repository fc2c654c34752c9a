package hearing

import (
	"slices"

	"magent/internal/fleet/view"
)

// Hello says who one is, to every other member, every tick.
type Hello struct {
	Serial uint64 `json:"serial"` // rises with each tick of a process
	Voter  uint64 `json:"voter"`
	Epoch  uint64 `json:"epoch"` // of the view that the sender knows
	Known  bool   `json:"known"` // it has been in a fleet
	Oldest uint16 `json:"oldest"`
	Newest uint16 `json:"newest"`
	Pools  []byte `json:"pools,omitempty"`  // what places keys there
	Ceding bool   `json:"ceding,omitempty"` // it is to own nothing
	// Divided: it may have decided before it came here, and what it wrote has to be compared.
	Divided bool     `json:"divided,omitempty"`
	Told    []uint64 `json:"told,omitempty"` // incarnations that have told the sender all that they know
	Conf    []uint64 `json:"conf,omitempty"` // who votes, as the sender knows it
	Hears   []uint64 `json:"hears"`          // see Ear; an older version does not say

	Groups []view.Group `json:"groups,omitempty"` // of Pools, unless the view that the sender knows has the same
}

// Times in ticks.
const (
	Fresh = 3  // what a member said counts for so long
	Limit = 10 // a process of which no hello has come for so long counts as one that cannot be heard
)

// Heard is what is known of one process of a member.
type Heard struct {
	Incarnation uint64
	Last        int // tick of the last message
	Greetings   int // how many ticks had a hello; 0: none has come since this member is where it is now
	Generation  view.Generation
	Hello       Hello

	hellod int // tick of the last hello
}

// Greeted notes a hello. One that came twice, or late, says less than one that comes tick by tick. One with the serial
// of the last has news that could not wait for the next tick.
func (h *Heard) Greeted(tick int, g view.Generation, hello Hello) {
	if hello.Serial < h.Hello.Serial {
		return
	}
	if h.hellod != tick && hello.Serial > h.Hello.Serial {
		h.Greetings++
		h.hellod = tick
	}
	h.Generation, h.Hello = g, hello
}

// All are the processes that are heard, by name and incarnation.
type All map[string]map[uint64]*Heard

// Note notes a sign of life, and forgets processes that have not been heard for long.
func (a All) Note(tick int, name string, incarnation uint64) *Heard {
	if a[name] == nil {
		a[name] = map[uint64]*Heard{}
	}
	all := a[name]
	if all[incarnation] == nil {
		for other, h := range all {
			if tick-h.Last > 100 {
				delete(all, other)
			}
		}
		all[incarnation] = &Heard{Incarnation: incarnation}
	}
	all[incarnation].Last = tick
	return all[incarnation]
}

// Discount makes what was said so far count no more: it was said before this member was where it is now.
func (a All) Discount() {
	for _, all := range a {
		for _, h := range all {
			h.Greetings = 0
		}
	}
}

// Latest is the process of a member that says hello now; nil: there is none. One hello is not enough, for it may
// be old.
func (a All) Latest(tick int, name string) (found *Heard) {
	for _, h := range a[name] {
		if h.Greetings < 2 || tick-h.hellod > Fresh {
			continue
		}
		if found == nil || h.hellod > found.hellod || h.hellod == found.hellod && h.Incarnation > found.Incarnation {
			found = h
		}
	}
	return found
}

// Successor is the process that has followed another one of a member, with its state directory; nil: there is none.
// One hello is enough, for incarnations of a state directory rise: no process that is known is later.
func (a All) Successor(tick int, name string, voter, incarnation uint64) (found *Heard) {
	for _, h := range a[name] {
		if h.Incarnation > incarnation && h.Greetings > 0 && h.Hello.Voter == voter && tick-h.hellod <= Fresh {
			found, incarnation = h, h.Incarnation
		}
	}
	return found
}

// Hears is what a hello says of whom its sender hears. It is never nil.
func (a All) Hears(tick int) []uint64 {
	hears := []uint64{}
	for _, all := range a {
		for incarnation, h := range all {
			if h.Hello.Serial > 0 && tick-h.hellod <= Limit {
				hears = append(hears, incarnation)
			}
		}
	}
	slices.Sort(hears)
	return hears
}

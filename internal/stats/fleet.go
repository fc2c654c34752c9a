package stats

import (
	"fmt"
	"slices"
	"time"
)

// States of a member of a fleet.
const (
	MemberAlive   = "alive"
	MemberJoining = "joining" // it is being told what servers have missed
	MemberDead    = "dead"    // it never came, has left, or is not heard of
)

// MemberStates are all of them.
func MemberStates() []string { return []string{MemberAlive, MemberJoining, MemberDead} }

// Fleet is what a member knows of its fleet at one moment. Who gets one must not change it.
type Fleet struct {
	Name       string // of this member
	Witness    bool   // it votes and carries nothing
	Generation uint64
	Epoch      uint64    // of the view; 0: there is none yet
	Changed    time.Time // of that view; zero: it is not known, as it was before this member took part
	Reason     string    // for the last change
	In         bool      // this process takes part in the view
	Lease      time.Duration
	LeaseLeft  time.Duration // until the right to decide ends if it is not renewed; 0: there is none
	Members    []FleetMember // in the order of the list
	Groups     []FleetGroup  // what is decided together; empty before the first view
	Takeovers  uint64        // how often this process began to decide for a group
	Forwarded  uint64        // requests that were handed to an owner
	Records    uint64        // that some member does not have yet; replies wait for them
	Awaited    []string      // who is not heard: a start may be waiting for them
	Backwards  uint64        // how often the clock ran backwards
	Broken     string        // why this member takes part no more
	Limits     string        // what a fleet of this size does not survive; empty: nothing that is worth a word
}

// FleetMember is an entry of the list.
type FleetMember struct {
	Name        string
	Address     string
	Witness     bool
	State       string
	Left        bool   // it has left in good order, and is expected back
	Incarnation uint64 // of the process in the view; 0: there was none
	Heard       bool   // that process was heard just now; true for this member
	Links       int    // connections with it that work: for messages to it, and for requests in both directions
	Trouble     string // why there is no connection to it
	Refused     string // why it, or this member to it, cannot join
}

// FleetGroup is a set of keys that are decided together.
type FleetGroup struct {
	Name  string
	Home  string // the member that owns it when all are well; empty: any
	Owner string // empty: nobody
	Owns  bool   // this process decides for it
}

// Member finds a member, nil: there is none of that name.
func (f *Fleet) Member(name string) *FleetMember {
	i := slices.IndexFunc(f.Members, func(m FleetMember) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &f.Members[i]
}

// Alone tells whether nobody else takes part: then nobody could go on if this member died.
func (f *Fleet) Alone() bool {
	for _, m := range f.Members {
		if m.Name != f.Name && m.State != MemberDead {
			return false
		}
	}
	return f.In
}

// Unready says why a member can neither decide nor knows who does. nil: it is ready. A witness is when it is in a
// view.
func (f *Fleet) Unready() (reasons []string) {
	switch {
	case f.Broken != "":
		return []string{"fleet: this member takes part no more: " + f.Broken}
	case !f.In:
		return []string{"fleet: this member takes no part yet" + f.waitsFor()}
	case f.Witness:
		return nil
	}
	for _, g := range f.Groups {
		owner := f.Member(g.Owner)
		switch {
		case owner == nil:
			reasons = append(reasons, fmt.Sprintf("fleet: nobody decides for %s%s", g.Name, f.waitsFor()))
		case g.Owner == f.Name && !(g.Owns && f.LeaseLeft > 0):
			reasons = append(reasons, fmt.Sprintf("fleet: this member may not decide for %s now%s",
				g.Name, f.waitsFor()))
		case g.Owner != f.Name && !owner.Heard:
			reasons = append(reasons, fmt.Sprintf("fleet: %s decides for %s, and is not heard%s",
				g.Owner, g.Name, because(owner.Trouble)))
		}
	}
	return reasons
}

// waitsFor says whom a member may be waiting for, or what keeps it out.
func (f *Fleet) waitsFor() string {
	for _, m := range f.Members {
		if m.Refused != "" {
			return because(m.Refused)
		}
	}
	if len(f.Awaited) == 0 {
		return ""
	}
	text := ": not heard: "
	for i, name := range f.Awaited {
		if i > 0 {
			text += ", "
		}
		text += name
		if m := f.Member(name); m != nil && m.Trouble != "" {
			text += " (" + m.Trouble + ")"
		}
	}
	return text
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

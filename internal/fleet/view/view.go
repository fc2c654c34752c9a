package view

import (
	"bytes"
	"fmt"
	"slices"
)

// Version is the newest version of views and commands that this program speaks. It also speaks the one before, if
// there is one: see Speaks.
const Version = 2

// withChanges is the first version in which the pools of a running fleet can change (Prepare).
const withChanges = 2

// Generation names one line of views that follow from each other. A new one begins when the fleet is founded, and
// when a member of a fleet of two goes on alone.
type Generation struct {
	Number uint64 `json:"number"` // 0: none
	ID     uint64 `json:"id"`     // random; two that were begun apart differ in it
}

// Over tells whether g wins against h when members of both meet.
func (g Generation) Over(h Generation) bool {
	return g.Number > h.Number || g.Number == h.Number && g.ID > h.ID
}

// State is what a member is to the others.
type State uint8

// The states of a member.
const (
	Absent  State = iota // it never came, was buried, or has left
	Joining              // it is being told what servers have missed, and cannot own anything yet
	Alive
)

// String is the state's name in stats and in the log.
func (s State) String() string {
	switch s {
	case Joining:
		return "joining"
	case Alive:
		return "alive"
	}
	return "dead"
}

// Member is one line of the --fleet list.
type Member struct {
	Name        string `json:"name"`
	Witness     bool   `json:"witness,omitempty"` // it votes and owns nothing
	State       State  `json:"state"`
	Left        bool   `json:"left,omitempty"`        // it is absent on purpose, and no voter while it is
	Voter       uint64 `json:"voter"`                 // its identity in raft; another one when its state is lost
	Incarnation uint64 `json:"incarnation,omitempty"` // its process: random, but higher with each start
	Life        uint64 `json:"life,omitempty"`        // how often this process has lost the right to decide
	Oldest      uint16 `json:"oldest,omitempty"`      // the versions that it speaks
	Newest      uint16 `json:"newest,omitempty"`
	// Prepared says how far the member has come with the Change that the view has; Unprepared if it has none.
	Prepared Prepared `json:"prepared,omitempty"`
}

// in tells whether the member takes part in the view.
func (m *Member) in() bool { return m.State != Absent }

// Group is a set of keys that are decided together: those of a pool, or those of one primary of a pool.
type Group struct {
	Name        string `json:"name"`
	Home        string `json:"home,omitempty"` // the member on the host of the group's primary, where there is one
	Owner       string `json:"owner,omitempty"`
	Incarnation uint64 `json:"incarnation,omitempty"` // of the owner
	Since       uint64 `json:"since,omitempty"`       // the epoch in which the owner was named
	// Silent is the last epoch in which the group was taken from an owner of whom nobody knows whether it has
	// stopped. Who owns the group waits for the end of that owner's lease, even if others were named in between. 0:
	// there is nothing to wait for, because somebody has waited and begun.
	Silent uint64 `json:"silent,omitempty"`
	// Settled says that whoever decided before has finished all that was under way, and recorded what it knew. Else
	// some keys may be on one copy only.
	Settled bool `json:"settled,omitempty"`
	// Divided says that somebody else may have decided, too, without the owner's knowledge. The owner hands the group
	// over to itself, and what it begins with is not Settled.
	Divided bool `json:"divided,omitempty"`
}

// Prepared is how far a member has come with a change of the pools.
type Prepared uint8

// The steps of a member.
const (
	Unprepared Prepared = iota
	Standby             // it has read the other pools, and could go over to them
	Holding             // its clients have nothing under way, and begin nothing
)

// Change is what the pools are to be.
type Change struct {
	Since  uint64  `json:"since"` // the epoch in which it began
	Pools  []byte  `json:"pools"`
	Groups []Group `json:"groups"` // Name and Home
}

func (c *Change) clone() *Change {
	if c == nil {
		return nil
	}
	return &Change{c.Since, bytes.Clone(c.Pools), slices.Clone(c.Groups)}
}

// View is what the fleet has agreed on. It is a value: Apply returns another one, which shares nothing with it.
type View struct {
	Version    uint16     `json:"version"` // of the rules: the newest that all members in it speak, and that is needed
	Generation Generation `json:"generation"`
	Epoch      uint64     `json:"epoch"`   // one more with each change
	Members    []Member   `json:"members"` // in the order of the --fleet list
	Groups     []Group    `json:"groups"`
	Pools      []byte     `json:"pools,omitempty"`  // what places keys (SamePools); empty: not known yet
	Change     *Change    `json:"change,omitempty"` // of the pools, that is being prepared; nil: there is none
	// Turned is the epoch in which the pools of the running fleet changed last; 0: they never did. Who owns a group
	// since then is the first to decide for it by these pools.
	Turned uint64 `json:"turned,omitempty"`
}

// Member finds a member, nil if there is none of that name. The pointer is into v.
func (v *View) Member(name string) *Member {
	for i := range v.Members {
		if v.Members[i].Name == name {
			return &v.Members[i]
		}
	}
	return nil
}

// ByVoter finds the member with an identity in raft, nil if there is none.
func (v *View) ByVoter(id uint64) *Member {
	for i := range v.Members {
		if v.Members[i].Voter == id {
			return &v.Members[i]
		}
	}
	return nil
}

// Group finds a group, nil if there is none of that name. The pointer is into v.
func (v *View) Group(name string) *Group {
	for i := range v.Groups {
		if v.Groups[i].Name == name {
			return &v.Groups[i]
		}
	}
	return nil
}

// Has tells whether this process of the member takes part in the view.
func (v *View) Has(name string, incarnation uint64) bool {
	m := v.Member(name)
	return m != nil && m.in() && m.Incarnation == incarnation
}

// Lives tells whether this process of the member takes part in the view, and has not lost the right to decide
// since it began that life. Connections of a life that has ended may still carry mutations, and have to be fenced.
// A life that the view has not come to yet has not ended: it began with a newer one.
func (v *View) Lives(name string, incarnation, life uint64) bool {
	return v.Has(name, incarnation) && life >= v.Member(name).Life
}

// Owns tells whether this process of the member owns a group.
func (v *View) Owns(name string, incarnation uint64) bool {
	return slices.ContainsFunc(v.Groups, func(g Group) bool { return g.Owner == name && g.Incarnation == incarnation })
}

// Voters are the identities that should vote: of all members but those that have left. At least one is left over.
func (v *View) Voters() (ids []uint64) {
	for i := range v.Members {
		if m := &v.Members[i]; !m.Left {
			ids = append(ids, m.Voter)
		}
	}
	slices.Sort(ids)
	return ids
}

// Clone is a copy that shares nothing with v.
func (v *View) Clone() View {
	c := *v
	c.Members = slices.Clone(v.Members)
	c.Groups = slices.Clone(v.Groups)
	c.Pools = bytes.Clone(v.Pools)
	c.Change = v.Change.clone()
	return c
}

// String is for the log and for tests.
func (v *View) String() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d.%d", v.Generation.Number, v.Epoch)
	for i := range v.Members {
		m := &v.Members[i]
		fmt.Fprintf(&b, " %s=%s", m.Name, m.State)
	}
	for _, g := range v.Groups {
		fmt.Fprintf(&b, " %s->%s", g.Name, g.Owner)
	}
	return b.String()
}

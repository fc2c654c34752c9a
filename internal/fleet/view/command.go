package view

// Kind is what a command does.
type Kind uint8

// The commands. What each needs of the fields of Command, and who proposes it:
const (
	// Join: a process of a member takes part from now on. By the leader, when the process says hello. Name,
	// Incarnation, Voter, Pools (not for a witness), Oldest, Newest, Replaces, Divided. A process that takes the place
	// of another one is proof that the other one is dead.
	Join Kind = 1 + iota
	// Ready: who joins knows all that servers have missed. By the leader, when all owners have said so. Name,
	// Incarnation.
	Ready
	// Bury: a member is not there any more. Name, Incarnation, By, perhaps Why; Proven: nothing of that process runs
	// any more, which a member must have made sure of that is alive itself; else the owner's lease has to be waited
	// for.
	Bury
	// Leave: a member ends. By itself, after it has given up its groups and has closed its connections to servers.
	// Name, Incarnation, Settled.
	Leave
	// Release: the owner has stopped deciding for a group, and nothing of it is under way. By the owner. Name,
	// Incarnation, Group, Since, Settled; To may name who is to own it next.
	Release
	// Lapse: a member has lost the right to decide, for a moment at least, and has dropped all. By itself, after
	// that. Name, Incarnation, Life.
	Lapse
	// Pools: all members were restarted with other pools. The processes before them are put out, and groups are
	// decided together that these pools have. By the leader, when nobody has those of the view any more. Pools,
	// Groups; Proven: nothing of those that own groups runs any more.
	Pools
	// Began: the owner has waited for the end of all leases before its own, so nobody has to do so again. By the
	// owner, when it decides. Name, Incarnation, Group, Since.
	Began
	// Prepare: a member is ready for other pools; Holds: its clients have nothing under way, and begin nothing. By
	// itself. Name, Incarnation, Pools, Groups, Holds; Since: the change in the view, 0 to begin one.
	Prepare
	// Abandon: the pools stay as they are. By a member that cannot go on with the change of them. Name, Incarnation,
	// Since, Why.
	Abandon
	// Yield: all members hold, and this one has stopped deciding for all its groups: nothing of them is under way.
	// With the last Yield the pools change. By an owner. Name, Incarnation, Since, Settled.
	Yield
	kinds // how many there are, and one
)

// Command asks for a change of the view. The fields that its kind does not need are empty. A command may come
// late, or twice: Replaces, Incarnation, Since and Life name the state that it is for, and it changes nothing in
// any other.
type Command struct {
	Version     uint16  `json:"version"`
	Kind        Kind    `json:"kind"`
	Name        string  `json:"name,omitempty"`
	Incarnation uint64  `json:"incarnation,omitempty"`
	Replaces    uint64  `json:"replaces,omitempty"` // the incarnation that the view has, 0: none yet
	Since       uint64  `json:"since,omitempty"`    // the epoch in which the owner was named, or the change began
	Voter       uint64  `json:"voter,omitempty"`
	Life        uint64  `json:"life,omitempty"`
	Oldest      uint16  `json:"oldest,omitempty"`
	Newest      uint16  `json:"newest,omitempty"`
	By          string  `json:"by,omitempty"`
	Proven      bool    `json:"proven,omitempty"`
	Group       string  `json:"group,omitempty"`
	To          string  `json:"to,omitempty"`
	Settled     bool    `json:"settled,omitempty"` // see Group
	Divided     bool    `json:"divided,omitempty"` // it may have decided while others did
	Pools       []byte  `json:"pools,omitempty"`
	Groups      []Group `json:"groups,omitempty"` // Name and Home
	Holds       bool    `json:"holds,omitempty"`
	Why         string  `json:"why,omitempty"`
}

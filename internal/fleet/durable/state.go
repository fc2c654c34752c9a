// Package durable is what the state directory of a member of a fleet has, and how that changes.
package durable

import (
	"slices"

	"go.etcd.io/raft/v3/raftpb"

	"magent/internal/fleet/view"
)

// Meta is what a member has to know of itself at its next start.
type Meta struct {
	Voter       uint64          `json:"voter"`       // its identity in raft
	Incarnation uint64          `json:"incarnation"` // the last that it had
	Generation  view.Generation `json:"generation"`  // Number 0: it is in none
	Known       bool            `json:"known"`       // it has been in a fleet, so it does not found another one
	Left        bool            `json:"left"`        // it asked to leave: it comes back as another voter
	Divided     bool            `json:"divided"`     // it has decided as none of those did whom it is about to join
}

// State is what the state directory of a member has.
type State struct {
	Meta     Meta
	Hard     *raftpb.HardState // nil: none
	Snapshot *raftpb.Snapshot  // nil: none
	Entries  []*raftpb.Entry
}

// Write is something that has to be durable, in the order of Seq, before core.Core.Persisted is called with Seq. What
// it has takes the place of what State had; see State.Merge.
type Write struct {
	Seq      uint64
	Meta     *Meta // nil: as before
	Whole    bool  // Hard, Snapshot and Entries are all that there is of raft's state
	Hard     *raftpb.HardState
	Snapshot *raftpb.Snapshot
	Entries  []*raftpb.Entry
	Sync     bool // it has to outlive the machine, not only the process
}

// Merge carries a write out. Entries take the place of those with the same and with higher indexes.
func (s *State) Merge(w *Write) {
	if w.Meta != nil {
		s.Meta = *w.Meta
	}
	if w.Whole {
		s.Hard, s.Snapshot, s.Entries = w.Hard, w.Snapshot, slices.Clone(w.Entries)
		return
	}
	if w.Hard != nil {
		s.Hard = w.Hard
	}
	if len(w.Entries) > 0 {
		first := w.Entries[0].GetIndex()
		keep := len(s.Entries)
		for keep > 0 && s.Entries[keep-1].GetIndex() >= first {
			keep--
		}
		s.Entries = append(slices.Clip(s.Entries[:keep]), w.Entries...)
	}
}

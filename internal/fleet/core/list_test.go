package core

import (
	"strings"
	"testing"
	"time"

	"go.etcd.io/raft/v3/raftpb"

	"magent/internal/fleet/durable"
	"magent/internal/fleet/view"
)

// A member that is started with another list leaves its generation, unless others may go on to decide in it, or
// something would be forgotten.
func TestOtherList(t *testing.T) {
	alive := func(name string, voter uint64) view.Member {
		return view.Member{Name: name, State: view.Alive, Voter: voter, Incarnation: voter}
	}
	gone := func(name string, voter uint64, left bool) view.Member {
		return view.Member{Name: name, Voter: voter, Incarnation: voter, Left: left}
	}
	all := []view.Member{alive("a", 1), alive("b", 2), alive("c", 3)}
	for what, c := range map[string]struct {
		list    string
		members []view.Member
		left    bool
		missed  string
		refused string // "": it leaves; "-": nothing changes
	}{
		"the same":      {"a b c", all, false, "s", "-"},
		"another order": {"c b a", all, false, "", "-"},
		"one more":      {"a b c d", all, false, "", ""},
		"two more":      {"a b c d e", all, false, "", ""},
		"one more, after leaving": {
			"a b c d", []view.Member{gone("a", 1, true), all[1], all[2]}, true, "", "",
		},
		"something is missed": {"a b c d", all, false, "s", "but s has missed something"},
		"who takes part":      {"a b", all, false, "", "but c took part when this member ended"},
		"who is dead":         {"a b", []view.Member{all[0], all[1], gone("c", 3, false)}, false, "", ""},
		"replaced":            {"a b d", []view.Member{all[0], all[1], gone("c", 3, true)}, false, "", ""},
		"most are dead": {
			"a d",
			[]view.Member{all[0], gone("b", 2, false), gone("c", 3, false)},
			false, "",
			"most of those from before",
		},
		"another kind": {"a b c/witness", all, false, "", "but c took part"},
	} {
		v := view.View{Version: view.Version, Epoch: 9, Members: c.members}
		v.Generation = view.Generation{Number: 1, ID: 4}
		saved := durable.State{
			Meta: durable.Meta{Voter: 1, Incarnation: 1, Generation: v.Generation, Known: true, Left: c.left},
			Snapshot: &raftpb.Snapshot{Data: v.Encode(), Metadata: &raftpb.SnapshotMetadata{
				ConfState: &raftpb.ConfState{Voters: v.Voters()}, Index: new(uint64(5)), Term: new(uint64(2)),
			}},
			Hard: &raftpb.HardState{Term: new(uint64(2)), Vote: new(uint64(0)), Commit: new(uint64(5))},
		}
		cfg := Config{Name: "a", Lease: time.Second, NewID: func() uint64 { return 77 << 24 }, Missed: c.missed}
		for name := range strings.FieldsSeq(c.list) {
			name, witness := strings.CutSuffix(name, "/witness")
			cfg.List = append(cfg.List, Peer{name, witness})
		}
		core, err := New(cfg, saved, time.Second)
		switch {
		case c.refused != "" && c.refused != "-":
			if err == nil || !strings.Contains(err.Error(), c.refused) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v, want %q", what, err, c.refused)
			}
			continue
		case err != nil:
			t.Errorf("%s: %v", what, err)
			continue
		}
		for _, w := range core.Take().Writes {
			saved.Merge(&w)
		}
		stays := saved.Meta.Voter == 1 && saved.Meta.Generation == v.Generation
		if stays != (c.refused == "-") || !saved.Meta.Known || !stays && saved.Snapshot != nil {
			t.Errorf("%s: stays: %v, %+v", what, stays, saved)
		}
	}
}

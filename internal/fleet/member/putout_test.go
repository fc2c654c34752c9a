package member

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/raft/v3/raftpb"

	"magent/internal/fleet/core"
	"magent/internal/fleet/gate"
	"magent/internal/fleet/view"
	"magent/internal/testkit"
)

// seen is what raft's leader, b, sends a member that is to have a view: a takes part in it, or not.
func seen(index uint64, a, b view.Member) core.Message {
	v := view.View{
		Version: view.Version, Generation: view.Generation{Number: 1, ID: 1}, Epoch: index,
		Members: []view.Member{a, b}, Groups: []view.Group{{Name: "p", Owner: "b", Incarnation: b.Incarnation}},
		Pools: []byte("pools"),
	}
	return core.Message{Generation: v.Generation, Incarnation: b.Incarnation, Raft: &raftpb.Message{
		Type: raftpb.MsgSnap.Enum(), To: &a.Voter, From: &b.Voter, Term: new(uint64(2)),
		Snapshot: &raftpb.Snapshot{Data: v.Encode(), Metadata: &raftpb.SnapshotMetadata{
			ConfState: &raftpb.ConfState{Voters: []uint64{a.Voter, b.Voter}}, Index: &index, Term: new(uint64(2)),
		}},
	}}
}

// A member is put out of the view, and there is something that only it knows. Nobody will keep that. So no loop gets
// to hear that it is kept before all has been dropped that waits for it: not if it is about to leave, and not if it
// counts its records anew, and loops record something before they hear of that.
func TestNothingIsKeptByNobody(t *testing.T) {
	for name, leaves := range map[string]bool{"it leaves": true, "it begins anew": false} {
		t.Run(name, func(t *testing.T) {
			g := gate.New()
			var number atomic.Uint64 // of the record; 0: there is none yet
			record := func() { number.Store(g.Record(core.Record{Kind: core.Knowledge, Data: []byte("x")})) }
			var anew atomic.Bool // it gets another incarnation now
			dropped := make(chan struct{})
			m := openAlone(t, func(opt *Options) {
				opt.Gate = g
				opt.Core.NewID = func() uint64 {
					if anew.Load() {
						record() // as a loop may at that moment
					}
					return 7
				}
				opt.Decided = func(_ *core.Core, d core.Decision) {
					if n := number.Load(); d.Act == core.Drop && n > 0 {
						if g.Kept() >= n {
							t.Error("it is kept, before what waits for it was dropped")
						}
						close(dropped)
					}
				}
			})
			var a view.Member
			m.Ask(t.Context(), func(c *core.Core, _ time.Duration) {
				a = view.Member{Name: "a", State: view.Alive, Voter: 7, Incarnation: c.Incarnation(), Newest: 1}
			})
			b := view.Member{Name: "b", State: view.Alive, Voter: 9, Incarnation: 3, Newest: 1}
			in := seen(10, a, b)
			m.Do(func(c *core.Core, now time.Duration) { c.Receive(now, "b", in) })
			testkit.Until(t, "it takes part", func() bool { v := m.View(); return v.Has("a", a.Incarnation) })
			a.State = view.Absent
			out := seen(20, a, b)
			if leaves {
				record()
			}
			anew.Store(!leaves)
			m.Do(func(c *core.Core, now time.Duration) {
				if c.Receive(now, "b", out); leaves {
					c.Leave(now)
				}
			})
			ctx, cancel := context.WithTimeout(t.Context(), guard)
			defer cancel()
			select {
			case <-dropped:
			case <-ctx.Done():
				t.Fatal("nothing is dropped")
			}
		})
	}
}

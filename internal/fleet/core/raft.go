package core

import (
	"bytes"
	"fmt"
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"magent/internal/fleet/durable"
	"magent/internal/fleet/view"
)

// keepEntries is how many applied entries the log has before it is cut off: a view is small, and who is behind by
// more gets a snapshot.
const keepEntries = 32

// raftLog is raft with its storage in memory. What is in store is durable: it is put there when the write was
// confirmed.
type raftLog struct {
	id      uint64
	node    *raft.RawNode
	store   *raft.MemoryStorage
	conf    []uint64          // who votes, as far as it was applied
	routes  map[uint64]string // who has sent something for an identity
	last    uint64            // index of the last entry, durable or not
	applied uint64
	marks   []uint64 // indexes of the entries that may change the view or who votes, durable or not, ascending
	known   uint64   // the last of those that were applied
	appends int      // writes under way

	waiting []*raftpb.Entry // those that are not applied, durable or not
	early   *raftpb.Message // a vote that was asked for while the leader was not known to be gone
	earlyAt int             // tick
	polled  int             // the tick in which votes were last asked for, by this member or another one; 0: none was
	term    uint64          // the last in which this member has asked for them
}

// openLog begins with what was saved. The view of a snapshot is the caller's to install.
func (c *Core) openLog(s *durable.State) error {
	l := &raftLog{id: s.Meta.Voter, store: raft.NewMemoryStorage(), routes: map[uint64]string{}}
	if s.Snapshot != nil {
		if err := l.store.ApplySnapshot(proto.CloneOf(s.Snapshot)); err != nil {
			return err
		}
		l.applied = s.Snapshot.GetMetadata().GetIndex()
		l.known, l.last = l.applied, l.applied
		l.conf = slices.Sorted(slices.Values(s.Snapshot.GetMetadata().GetConfState().GetVoters()))
	}
	if err := l.store.Append(s.Entries); err != nil {
		return err
	}
	if s.Hard != nil {
		if err := l.store.SetHardState(s.Hard); err != nil {
			return err
		}
	}
	l.note(s.Entries)
	var err error
	l.node, err = raft.NewRawNode(&raft.Config{
		ID: l.id, Storage: l.store, Applied: l.applied,
		ElectionTick: electionTicks, HeartbeatTick: 1,
		PreVote: true, CheckQuorum: true, StepDownOnRemoval: true, AsyncStorageWrites: true,
		MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 64, Logger: quiet{},
	})
	c.log = l
	return err
}

// note keeps track of what is in the log.
func (l *raftLog) note(entries []*raftpb.Entry) {
	for _, e := range entries {
		for len(l.marks) > 0 && l.marks[len(l.marks)-1] >= e.GetIndex() {
			l.marks = l.marks[:len(l.marks)-1]
		}
		if e.GetType() != raftpb.EntryNormal || len(e.GetData()) > 0 {
			l.marks = append(l.marks, e.GetIndex())
		}
		for n := len(l.waiting); n > 0 && l.waiting[n-1].GetIndex() >= e.GetIndex(); n-- {
			l.waiting = l.waiting[:n-1]
		}
		if e.GetIndex() > l.applied {
			l.waiting = append(l.waiting, e)
		}
		l.last = e.GetIndex()
	}
}

// underWay tells whether a command is in the log and not decided yet.
func (l *raftLog) underWay(command []byte) bool {
	return slices.ContainsFunc(l.waiting, func(e *raftpb.Entry) bool {
		return e.GetType() == raftpb.EntryNormal && bytes.Equal(e.GetData(), command)
	})
}

// passed notes that all up to an index is applied.
func (l *raftLog) passed(index uint64) {
	l.applied = index
	for len(l.waiting) > 0 && l.waiting[0].GetIndex() <= index {
		l.waiting = l.waiting[1:]
	}
}

// newest is the index of the newest view, or change of voters, in the log, committed or not.
func (l *raftLog) newest() uint64 {
	if len(l.marks) == 0 {
		return l.known
	}
	return max(l.known, l.marks[len(l.marks)-1])
}

// leads tells whether this voter is raft's leader, and has nothing in its log that is not decided: then it knows
// the view that the next command will be applied to.
func (l *raftLog) leads() bool {
	return l.node.BasicStatus().RaftState == raft.StateLeader && l.applied == l.last
}

// votes tells whether this member is a voter.
func (l *raftLog) votes() bool { return slices.Contains(l.conf, l.id) }

// pump carries out what raft wants to be done.
func (c *Core) pump() {
	for l := c.log; l != nil && l == c.log && l.node.HasReady(); {
		for _, m := range l.node.Ready().Messages {
			switch m.GetTo() {
			case raft.LocalAppendThread:
				c.append(m)
			case raft.LocalApplyThread:
				c.apply(m)
			default:
				c.sendRaft(m)
			}
		}
	}
	if l := c.log; l != nil {
		if s := l.node.BasicStatus(); s.RaftState == raft.StateCandidate && s.HardState.GetTerm() != l.term {
			l.polled, l.term = c.tick, s.HardState.GetTerm()
		}
	}
	c.compact()
}

// append has the log written. Who voted, or acknowledged an entry, is told so by stable, when that is durable.
func (c *Core) append(m *raftpb.Message) {
	l := c.log
	w := durable.Write{Entries: m.GetEntries(), Sync: len(m.GetEntries()) > 0}
	if m.Term != nil && m.Vote != nil {
		w.Hard = &raftpb.HardState{Term: m.Term, Vote: m.Vote, Commit: m.Commit}
		before, _, _ := l.store.InitialState()
		w.Sync = w.Sync || before.GetTerm() != w.Hard.GetTerm() || before.GetVote() != w.Hard.GetVote()
	}
	if s := m.GetSnapshot(); !raft.IsEmptySnap(s) {
		hard := w.Hard
		if hard == nil {
			hard, _, _ = l.store.InitialState()
		}
		w = durable.Write{Whole: true, Snapshot: s, Hard: hard, Sync: true}
		l.marks, l.waiting, l.last = nil, nil, s.GetMetadata().GetIndex()
	}
	l.note(w.Entries)
	if w.Hard == nil && len(w.Entries) == 0 && l.appends == 0 {
		c.stable(l, m)
		return
	}
	l.appends++
	seq := c.seq
	if w.Hard != nil || len(w.Entries) > 0 {
		seq = c.write(w)
	}
	c.waiting = append(c.waiting, waiting{seq, func() { l.appends--; c.stable(l, m) }})
}

// stable goes on when what the message had to be written is durable.
func (c *Core) stable(l *raftLog, m *raftpb.Message) {
	if l != c.log {
		return // of a generation that is over
	}
	if s := m.GetSnapshot(); !raft.IsEmptySnap(s) {
		c.must(l.store.ApplySnapshot(proto.CloneOf(s)))
		c.install(s)
	}
	c.must(l.store.Append(m.GetEntries()))
	if m.Term != nil && m.Vote != nil {
		c.must(l.store.SetHardState(&raftpb.HardState{Term: m.Term, Vote: m.Vote, Commit: m.Commit}))
	}
	c.respond(m)
}

// respond delivers what m says is to be delivered once it is done.
func (c *Core) respond(m *raftpb.Message) {
	l := c.log
	for _, r := range m.GetResponses() {
		if l == nil || c.log != l {
			return
		}
		if r.GetTo() != l.id {
			c.sendRaft(r)
		} else if err := l.node.Step(r); err != nil {
			c.ignored++ // a response to what raft asked for in a term that is over
		}
	}
}

// install takes over the view of a snapshot.
func (c *Core) install(s *raftpb.Snapshot) {
	v, err := view.Parse(s.GetData())
	if err != nil {
		c.breakDown(err.Error())
		return
	}
	l := c.log
	l.passed(s.GetMetadata().GetIndex())
	l.known = l.applied
	l.conf = slices.Sorted(slices.Values(s.GetMetadata().GetConfState().GetVoters()))
	c.elect()
	c.adopt(v, "the view as the others have it")
}

// apply carries out entries that are committed.
func (c *Core) apply(m *raftpb.Message) {
	for _, e := range m.GetEntries() {
		l := c.log
		if l == nil {
			return
		}
		l.passed(e.GetIndex())
		if e.GetType() == raftpb.EntryNormal && len(e.GetData()) == 0 {
			continue
		}
		l.known = l.applied
		c.urgent = true // voters refused the lease who did not know this
		if e.GetType() == raftpb.EntryNormal {
			c.command(e.GetData())
			continue
		}
		c.reconfigure(e)
	}
	if c.log != nil {
		c.respond(m)
	}
}

func (c *Core) reconfigure(e *raftpb.Entry) {
	var state *raftpb.ConfState
	if e.GetType() == raftpb.EntryConfChange {
		var cc raftpb.ConfChange
		c.must(proto.Unmarshal(e.GetData(), &cc))
		state = c.log.node.ApplyConfChange(&cc)
	} else {
		var cc raftpb.ConfChangeV2
		c.must(proto.Unmarshal(e.GetData(), &cc))
		state = c.log.node.ApplyConfChange(&cc)
	}
	c.log.conf = slices.Sorted(slices.Values(state.GetVoters()))
	c.elect()
}

// compact cuts the log off, when it is long and nothing of it is being written. It does so too when other members
// vote: raft does not take a snapshot from before it became a voter.
func (c *Core) compact() {
	l := c.log
	if l == nil || l.appends > 0 {
		return
	}
	first, err := l.store.FirstIndex()
	hard, saved, err2 := l.store.InitialState() // with those who vote by the snapshot, which is not copied for that
	if err != nil || err2 != nil || l.applied < first {
		return
	}
	same := slices.Equal(l.conf, slices.Sorted(slices.Values(saved.GetVoters())))
	if l.applied < first+keepEntries && (same || len(l.conf) == 0) {
		return
	}
	snapshot, err := l.store.CreateSnapshot(l.applied, &raftpb.ConfState{Voters: l.conf}, c.view.Encode())
	c.must(err)
	c.must(l.store.Compact(l.applied))
	var entries []*raftpb.Entry
	if l.last > l.applied {
		entries, err = l.store.Entries(l.applied+1, l.last+1, 1<<30)
		c.must(err)
	}
	c.write(durable.Write{Whole: true, Hard: hard, Snapshot: proto.CloneOf(snapshot), Entries: entries})
}

// sendRaft finds out whom a message is for. One for an identity of nobody is lost.
func (c *Core) sendRaft(m *raftpb.Message) {
	to := c.log.routes[m.GetTo()]
	if member := c.view.ByVoter(m.GetTo()); member != nil {
		to = member.Name
	}
	if to != "" && to != c.cfg.Name {
		c.send(to, Message{Raft: m})
	}
	if m.GetType() == raftpb.MsgSnap {
		c.log.node.ReportSnapshot(m.GetTo(), raft.SnapshotFinish)
	}
}

// must is for what cannot fail: the storage is in memory, and what it has was written by this program.
func (c *Core) must(err error) {
	if err != nil {
		panic(fmt.Sprintf("fleet: %v", err))
	}
}

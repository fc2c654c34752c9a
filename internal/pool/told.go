package pool

import (
	"magent/failover"
	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
	"magent/internal/placement"
)

func (t *told) tell(server int, e book.Entry) {
	e.Server, e.Loop = ServerOf(t.cfg, server), t.loop
	t.term.Record(core.Record{Kind: core.Knowledge, Clears: e.Clears(), Data: e.Encode()})
}

// Dirty and the other methods are those of repair.Recorder.
func (t *told) Dirty(server int, key []byte) {
	if t.journal != nil {
		t.journal.Dirty(server, key)
	}
	t.tell(server, book.Entry{Kind: book.Dirty, Key: key})
}

// All records that everything is dirty, and whether the server may have been flushed.
func (t *told) All(server int, flushed bool) {
	if t.journal != nil {
		t.journal.All(server, flushed)
	}
	t.tell(server, book.Entry{Kind: book.All, Spared: !flushed})
}

// Incomplete records that the server lacks what its other copies have.
func (t *told) Incomplete(server int) {
	if t.journal != nil {
		t.journal.Incomplete(server)
	}
	t.tell(server, book.Entry{Kind: book.Incomplete})
}

// Repaired records that a key is dirty no more, while others are.
func (t *told) Repaired(server int, key []byte) {
	if t.journal != nil {
		t.journal.Repaired(server, key)
	}
	t.tell(server, book.Entry{Kind: book.Repaired, Key: key})
}

// Clean records that nothing is left to repair.
func (t *told) Clean(server int) {
	if t.journal != nil {
		t.journal.Clean(server)
	}
	t.tell(server, book.Entry{Kind: book.Clean})
}

// FlushedShared tells whoever decides for the other groups that a backup has lost their keys, too.
func (p *Pool) FlushedShared(i int) {
	if p.told == nil {
		return
	}
	whole := p.Config.Of
	for n := range whole.Servers {
		if n == p.Config.Share {
			continue
		}
		server := ServerOf(p.Config, i)
		server.Pool = placement.GroupName(whole, n)
		e := book.Entry{Kind: book.Incomplete, Server: server}
		p.told.term.RecordOf(server.Pool, core.Record{Kind: core.Knowledge, Data: e.Encode()})
	}
}

// EmptiedLate is told that server i has lost its contents over another group. It runs on the loop.
func (p *Pool) EmptiedLate(i int) {
	if !p.Engine.Retired {
		p.Engine.Emptied(i)
		p.Refill()
	}
}

// tellIdentity tells the other members who a server is.
func (p *Pool) tellIdentity(i int) {
	if id := p.Conns[i].Identity(); p.told != nil && id != (failover.Identity{}) {
		p.told.tell(i, book.Entry{Kind: book.Identity, Identity: id.String()})
	}
}

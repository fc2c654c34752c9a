package pool

import (
	"magent/failover"
	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
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

// All records that everything is dirty.
func (t *told) All(server int) {
	if t.journal != nil {
		t.journal.All(server)
	}
	t.tell(server, book.Entry{Kind: book.All})
}

// Incomplete records that the server lacks what its other copies have.
func (t *told) Incomplete(server int) {
	if t.journal != nil {
		t.journal.Incomplete(server)
	}
	t.tell(server, book.Entry{Kind: book.Incomplete})
}

// Clean records that nothing is left to repair.
func (t *told) Clean(server int) {
	if t.journal != nil {
		t.journal.Clean(server)
	}
	t.tell(server, book.Entry{Kind: book.Clean})
}

// tellIdentity tells the other members who a server is.
func (p *Pool) tellIdentity(i int) {
	if id := p.Conns[i].Identity(); p.told != nil && id != (failover.Identity{}) {
		p.told.tell(i, book.Entry{Kind: book.Identity, Identity: id.String()})
	}
}

package session

import (
	"time"

	"magent/internal/between"
)

// NewGroup returns a group without loops. NewShard adds one.
func NewGroup(o Options) *Group { return &Group{Options: o, loops: between.NewGroup()} }

// OwnerOf returns the shard that carries out all requests for a key. It may be called from any goroutine.
func (g *Group) OwnerOf(key []byte) *Shard { return g.Shards[g.loops.OwnerOf(key)] }

// Complain logs what clients do wrong, or what is too much, at most once in ten seconds. The line says how often it
// was not logged since the last one. what must be one of a fixed set of sentences. It may be called from any
// goroutine.
func (g *Group) Complain(what string) { g.ComplainOf(what, nil) }

// ComplainOf is Complain with a reason, which may be nil. It is not a part of what was complained of.
func (g *Group) ComplainOf(what string, reason error) {
	if skipped, due := g.complaints.Note(what, time.Now()); due {
		g.Log.Warn().AnErr("reason", reason).Int("repeated", skipped).Msg(what)
	}
}

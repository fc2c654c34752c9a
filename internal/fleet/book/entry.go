// Package book is what a member of a fleet knows of the servers of its pools, by the records of all members. The next
// owner begins with it. A Book is plain data: records in, knowledge out.
package book

import (
	"encoding/json"
	"fmt"
	"strconv"

	"magent/internal/journal"
)

// Kind is what an entry says of a server.
type Kind string

// The kinds of entries. Loops of the member that records are told apart, for each repairs what it has recorded.
const (
	Dirty      Kind = "dirty"      // it has missed a mutation of Key
	All        Kind = "all"        // everything on it may be wrong; Spared is as the last one of a loop says
	Incomplete Kind = "incomplete" // it lacks what its other copies have
	Identity   Kind = "identity"   // who it is
	Clean      Kind = "clean"      // what this loop has recorded of it counts no more
	// Repaired: what this loop has recorded of Key counts no more. It was added later, and is sent as Dirty with a
	// field that others do not know (wire): for them the key stays dirty until Clean, as before.
	Repaired Kind = "repaired"
	// Void: nothing counts that was recorded of the group before this epoch, nor any other flush_all than this one, if
	// it has a time at which it is Due. An owner begins with it, and says it again with each such flush_all.
	Void Kind = "void"
)

// Entry is what one record says.
type Entry struct {
	Kind     Kind           `json:"kind"`
	Server   journal.Server `json:"server"` // nothing for Void
	Loop     int            `json:"loop"`   // Inherited: of the owner before
	Key      []byte         `json:"key,omitempty"`
	Identity string         `json:"identity,omitempty"`
	// Spared, of All, says that no flush_all was sent because of it, or that the other groups which have keys on the
	// server know of that. It was added later: who does not know of it has them fill the server once more.
	Spared bool `json:"spared,omitempty"`
	// Due is when the last flush_all takes effect, in seconds since 1970. 0: it had no delay. It was added later: who
	// does not know of it loses such a flush_all when the owner ends, and nothing else.
	Due int64 `json:"due,omitempty"`
}

// Inherited is the loop of what an owner records again that it has learned of others.
const Inherited = -1

// Clears reports whether the entry says that something counts no more (core.Record).
func (e *Entry) Clears() bool { return e.Kind == Clean || e.Kind == Repaired || e.Kind == Void }

// wire is the form of an entry in a record.
type wire struct {
	Entry
	Repaired bool `json:"repaired,omitempty"`
}

// Encode is the inverse of Parse.
func (e *Entry) Encode() []byte {
	w := wire{Entry: *e}
	if e.Kind == Repaired {
		w.Kind, w.Repaired = Dirty, true
	}
	b, err := json.Marshal(w)
	if err != nil {
		panic("book: " + err.Error()) // strings and numbers only
	}
	return b
}

// Parse reads an entry. An error says that another version has written it.
func Parse(data []byte) (e Entry, err error) {
	var w wire
	if err = json.Unmarshal(data, &w); err != nil {
		return e, fmt.Errorf("a record of a fleet: %w", err)
	}
	e = w.Entry
	switch e.Kind {
	case Dirty:
		if w.Repaired {
			e.Kind = Repaired
		}
		return e, nil
	case All, Incomplete, Identity, Clean, Void:
		return e, nil
	}
	return e, fmt.Errorf("a record of a fleet is of an unknown kind, %s", strconv.Quote(string(e.Kind)))
}

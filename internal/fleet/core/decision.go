package core

import (
	"fmt"

	"magent/internal/fleet/durable"
	"magent/internal/fleet/view"
)

// Act is what a Decision asks for.
type Act uint8

// The decisions, and what they need of the fields of Decision.
const (
	// Changed: this is the view from now on, and Reason is a line for the log. View, Reason.
	Changed Act = 1 + iota
	// Own: this process decides for Group from now on, as long as May says so. What servers have missed is what
	// the Store decisions have said, and what this process recorded itself. Group, Epoch, Settled.
	Own
	// Fence: before Server is used for Group, none of Addresses may be connected there. Ask it for `stats conns`
	// on a new connection, again and again, and tell Listed. Group, Epoch, Server, Addresses.
	Fence
	// Open: Server may be used for Group. It comes for servers that had to be fenced. Group, Epoch, Server.
	Open
	// HandOver: take nothing new on for Group, finish what is under way, and call Released. Group, Epoch, Name: to
	// whom.
	HandOver
	// Stop: this process decides for Group no more, and has handed it over in good order. Group, Epoch.
	Stop
	// Drop: this process decides for nothing any more. All that the engine has is dropped, and all its connections
	// are reset (SO_LINGER 0), before anything else is done. Reason.
	Drop
	// Store: keep the record, as far as it is Knowledge, such that it outlives this process. Name, Incarnation:
	// who recorded it. Record.
	Store
	// Tell: record again everything that is known of the groups that this process owns in the view, whether it already
	// decides for them or not. Then call Told. Name, Incarnation.
	Tell
	// Reborn: this process was put out of the view; Drop came before. What it was told by others may be forgotten: it
	// will be told again.
	Reborn
	// Refuse: Name cannot join. Name, Reason.
	Refuse
	// Refused: this member cannot join. Name: who says so. Reason.
	Refused
	// Left: the other members go on without this one: it can end.
	Left
	// Broken: the log has what this program does not understand, and the member takes part no more. Reason.
	Broken
)

// Decision is something for the shell to do.
type Decision struct {
	Act         Act
	Group       string
	Epoch       uint64 // Group's owner was named in it
	Server      string
	Name        string
	Incarnation uint64
	Addresses   []string
	Reason      string
	Settled     bool // see view.Group
	Record      Record
	View        view.View
}

// Output is what the shell has to do: first the decisions, in their order, then the writes, in theirs. The
// messages may be sent as soon as the decisions are carried out; they need not wait for the writes.
type Output struct {
	Decisions []Decision
	Writes    []durable.Write
	Messages  []Envelope
}

func (c *Core) decide(d Decision) { c.out.Decisions = append(c.out.Decisions, d) }

func (c *Core) send(to string, m Message) {
	m.Generation, m.Incarnation = c.meta.Generation, c.meta.Incarnation
	c.out.Messages = append(c.out.Messages, Envelope{to, m})
}

// write asks for something to be kept, and returns its number.
func (c *Core) write(w durable.Write) uint64 {
	c.seq++
	w.Seq = c.seq
	c.out.Writes = append(c.out.Writes, w)
	return c.seq
}

func (c *Core) writeMeta(then func()) {
	meta := c.meta
	c.waiting = append(c.waiting, waiting{c.write(durable.Write{Meta: &meta, Sync: true}), then})
}

// refuse says why a process cannot join: here once, and to it once over each link.
func (c *Core) refuse(name string, incarnation uint64, err error) {
	again := c.refused[name] == incarnation
	if again && !c.linked[name] {
		return
	}
	c.refused[name] = incarnation
	delete(c.linked, name)
	reason := fmt.Sprintf("%s cannot join: %v", name, err)
	if !again {
		c.decide(Decision{Act: Refuse, Name: name, Reason: reason})
	}
	c.send(name, Message{Refused: &reason})
}

package core

import (
	"time"

	"go.etcd.io/raft/v3/raftpb"

	"magent/internal/fleet/hearing"
	"magent/internal/fleet/view"
)

// Message is what members say to each other. Exactly one of the pointers is set. Messages may be lost, come twice,
// late and in any order. Who receives one must not change it, for it may be on its way to others.
type Message struct {
	Generation  view.Generation `json:"generation"`  // of the sender
	Incarnation uint64          `json:"incarnation"` // of the sender

	Hello   *Hello          `json:"hello,omitempty"`
	Raft    *raftpb.Message `json:"-"`
	Renew   *Renew          `json:"renew,omitempty"` // an owner asks for its lease
	Grant   *Renew          `json:"grant,omitempty"` // the same, acknowledged
	Records *Records        `json:"records,omitempty"`
	Kept    *Kept           `json:"kept,omitempty"`
	Refused *string         `json:"refused,omitempty"` // why the receiver cannot join
}

// Hello says who one is, to every other member, every tick.
type Hello = hearing.Hello

// Renew is a round of the lease. It comes back as it was: Sent is a time of the owner's clock.
type Renew struct {
	Sent        time.Duration `json:"sent"`
	Known       uint64        `json:"known"` // the index of the last view, or change of voters, that the owner knows
	Incarnation uint64        `json:"incarnation"`
	Life        uint64        `json:"life"`
	Voter       uint64        `json:"voter,omitempty"` // who grants it
}

// Records are told by one member to each of the others in the view, first in first out.
type Records struct {
	Base    uint64   `json:"base"`  // what the receiver need not have
	First   uint64   `json:"first"` // the number of the first
	Records []Record `json:"records"`
}

// Kept acknowledges all records of a process up to Seq.
type Kept struct {
	Incarnation uint64 `json:"incarnation"` // of who recorded them
	Seq         uint64 `json:"seq"`
}

// Envelope is a message with the name of who is to have it.
type Envelope struct {
	To      string
	Message Message
}

// RecordKind tells the records that the core itself looks at from the others.
type RecordKind uint8

// The kinds of records.
const (
	Knowledge RecordKind = iota // what a server has missed, who it is and the like: Data, for the engines
	Address                     // a connection to Server from Address
	Lost                        // that connection was given up, and something may lie in its socket
	Gone                        // nothing of that connection is left at the server
	Fenced                      // no connection of that life is left at the server
	Told                        // Name, Incarnation has been told all by now
)

// Record is something that all members have to know. Name, Incarnation and Life say whose connection it is about;
// Record fills them in for a connection of this process. Epoch is the one in which a Knowledge was come by. One
// that Clears says that a server misses something no more; it does not count when something is known from a later
// epoch of the group.
type Record struct {
	Kind        RecordKind `json:"kind"`
	Group       string     `json:"group,omitempty"`
	Server      string     `json:"server,omitempty"`
	Address     string     `json:"address,omitempty"`
	Name        string     `json:"name,omitempty"`
	Incarnation uint64     `json:"incarnation,omitempty"`
	Life        uint64     `json:"life,omitempty"`
	Epoch       uint64     `json:"epoch,omitempty"`
	Clears      bool       `json:"clears,omitempty"`
	Data        []byte     `json:"data,omitempty"`
}

package core

import (
	"time"

	"magent/internal/fleet/hearing"
	"magent/internal/fleet/view"
)

// Peer is a member of the --fleet list.
type Peer struct {
	Name    string
	Witness bool
}

// Alone says what one of a fleet of two does when the other is silent and not proven to be dead (--fleet-alone).
type Alone uint8

// The ways to go on alone.
const (
	AloneProven Alone = iota // not at all
	AloneVIP                 // it goes on if it has the --vip address
	AloneAlways              // it goes on
)

// Config is what a member is told at its start. List is the same for all members, and in the same order.
type Config struct {
	Name   string
	List   []Peer
	Groups []view.Group // Name and Home
	Pools  []byte       // what places keys (view.SamePools); nothing for a witness
	Oldest uint16       // the versions that it speaks
	Newest uint16
	Alone  Alone
	// Killed: a process that was in no fleet was killed here. What it was just writing has to be compared.
	Killed bool
	// Missed names a server that has missed something, as far as this member knows; empty: there is none.
	Missed string

	Lease       time.Duration // --fleet-lease
	Tick        time.Duration // how often Tick is called; a tenth of the lease
	UserTimeout time.Duration // TCP_USER_TIMEOUT of connections to servers
	HomeAfter   time.Duration // how long a group's home has to be well before the group is moved there

	// NewID gives random numbers, from 1 to 2^63 - 1.
	NewID func() uint64
}

// Times in ticks.
const (
	electionTicks = 10 // raft: 10 to 20 without a leader, where nobody begins earlier
	goneTicks     = 6  // raft's leader is taken for gone that was not heard for so long
	pollTicks     = 5  // so long an election is left alone
	nextTicks     = 2  // so long a voter waits for the one before it in the list to lead
	suspectTicks  = 6  // a member that was not heard for so long is buried
	freshTicks    = hearing.Fresh
	foundTicks    = 5  // a fleet is not founded before
	hopelessTicks = 20 // so long nobody but members without their state was there to make a majority
	behindTicks   = 10 // who has not kept a record for so long is buried
	againTicks    = 3  // all that it was sent is sent again after so long
)

func (c *Config) peer(name string) *Peer {
	for i := range c.List {
		if c.List[i].Name == name {
			return &c.List[i]
		}
	}
	return nil
}

func (c *Config) witness() bool { return c.peer(c.Name).Witness }

// Package core is one member of a fleet as a pure machine: messages and time go in, messages, writes and decisions
// come out. There is no goroutine, lock, socket or clock in it. raft agrees on views and on nothing else; who may
// decide is said by the lease, and what a successor has to know by the records.
//
// # Who calls what
//
// A shell owns the Core, in one goroutine. Every time is CLOCK_BOOTTIME, read right before the call. After every
// call, New included, the shell takes the Output and does, in this order:
//
//  1. the decisions, one after the other. After Drop all connections of the engine are reset before
//     anything else is done, for the others may be told next that this process has stopped;
//  2. the writes, in their order, beside the goroutine if it is slow: Persisted tells the core when they are durable.
//     Votes and acknowledgements that depend on a write are held back by the core itself until then;
//  3. the messages, at once; they do not wait for the writes.
//
// Tick is called every 100 ms, Receive for each message of another member, Listed for each answer to what Fence
// asked, Proven when a process is proven to be dead.
//
// # An owner
//
// Own says that this process decides for a group in an epoch. What the shell knows of the group, by the records of
// others and by its own, is recorded again first: a record that only this member has kept would be lost with it.
// Whatever others know of the group from an earlier epoch, or from before they joined, is void then, which is
// recorded as well (Clears). A server is used when it was not named by a Fence decision, or has had its Open. What
// was under way at the predecessor may be on one copy only: the copies are compared before the group is served.
//
// A connection is announced by Record(Address) and carries mutations when Announced says so. May is asked right before
// each write to a server. What a server misses is recorded when it becomes known. A reply, also that to a read, leaves
// when Kept says that all records made so far are kept. Loops on other goroutines are told LeaseUntil after each call.
// A loop that finds the time past it drops everything, whatever comes later.
//
// After Drop nothing of the engine's memory is used again; the knowledge that Store and Record have left
// is. After HandOver the requests under way are finished, and Released is called.
//
// # Other pools
//
// The pools of a running fleet change by all or none. A member that could go over to others calls Prepare. The view
// has the change then (view.Change), and the others answer with Prepare, or with Abandon and the reason. When two call
// it at a time, and differ, if only in roles, one of them is not Changing any more, and answers too. When all are
// ready (View.All), each holds the requests of its clients, waits until none is under way, and calls Hold. When all
// have, owners are told to hand over to nobody, and give up all their groups at a time (view.Yield). With the last one
// the view has the other pools and groups, whose owners begin with what is known by all. Whatever comes in between, a
// death for instance, leaves the pools as they are, and the groups get owners again. Who holds goes on when Changing
// says no.
//
// # Losing and coming back
//
// Who loses the lease for a moment stops, has the view say so (view.Lapse), and takes over like anybody else, its own
// connections fenced too. Who is put out of the view comes back as a new process, with a higher incarnation (Reborn).
// A member without its state directory comes back as a new voter, and the old one is removed. A fleet is founded by
// the first of those that hear each other, if they are a majority of the list and have never been in one. In a fleet
// of two voters, one that knows the other to be dead begins a new generation as the only voter. Config.Alone says when
// it does so without proof. A member that meets a generation without which its own cannot go on joins it.
// If it may have decided alone, the view says so (view.Divided). Then the owners of all groups begin anew, and compare
// all keys.
package core

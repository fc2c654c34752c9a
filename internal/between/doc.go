// Package between carries requests of clients from the loop that has the client to the loop that owns the key, and the
// replies back. With a single loop nothing passes here but the question who owns a key, and
// what several groups of a fleet have a share in.
//
// A request that one loop has sent to another is a task in that one's mailbox, and so is its reply. Requests from one
// loop to another keep their order.
package between

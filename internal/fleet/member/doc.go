// Package member runs one member of a fleet: it gives the core (internal/fleet/core) a goroutine, the time, a file
// (internal/fleet/wal) and links to the others (internal/fleet/link).
//
// The core belongs to the goroutine of Member.run alone. Others have something done there by Do, and read what was
// published: View, and what a gate.Gate has, which an event loop asks right before each write.
//
// Writes are made durable beside that goroutine, by Member.persist, several at once where the medium is slow. Who is
// suspected to be dead is asked for beside it, too, by Member.prove.
package member

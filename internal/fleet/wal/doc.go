// Package wal keeps what a member of a fleet has to know at its next start (durable.State) in the state directory:
// its identity, raft's hard state and log, and the last view. A few hundred bytes, written at votes and at views.
//
// The file is fleet.wal, in a directory that internal/journal has claimed and locked; fleet.wal.new is one that is
// being written to take its place. It is a header and records. All numbers are little-endian.
//
//	header   "MAGENTW\n"  version 1
//	record   CRC-32C of the 9 bytes that follow | CRC-32C of the body | length of the body | type, one byte | body
//
// What Append has returned for is on the medium if the write says Sync, and known to the kernel otherwise. A write
// that was torn by the death of its writer, or of the machine, is cut off at the next Open: nobody was told of it.
// Everything else that is not as it was written is an error (ErrDamaged), for a vote that is forgotten can be
// given twice: such a file is put away, and the member joins as a new voter.
package wal

// Package journal keeps what servers have missed in a file, so that it survives the death of the process: what a method
// has recorded when it returns was taken by the kernel (write(2)), and kill -9 does not undo that. The death of the
// machine may; nothing is synced.
//
// A directory belongs to one process (DIR/lock). In it are these files and nothing else; a directory that has others is refused. A
// process that begins as root gives it, and them, to the user whom it becomes (Place): each by its descriptor, and only plain files that have no other
// name, so that nothing that lies elsewhere changes its owner.
//
//	outage.journal        of this run; in healthy times it is no more than its header
//	previous.N.journal    of runs that died, the higher N the later; until their knowledge has been recorded anew (Adopted)
//	previous.N.doubtful   the same, of a run that could not note its doubt in the file itself
//	servers.json          who each server was at last; written when that changes
//
// The header is written at the start, and stays: the byte in it that says "records are missing" can be overwritten on a
// disk that is full, where a file that is empty or absent, which says "nothing was missed", could not be given one.
//
// A file is a header and records. All numbers are little-endian.
//
//	header   "MAGENTJ\n"  version 1  status: 'g' good, 'd' doubtful
//	record   CRC-32C of the 17 bytes that follow | CRC-32C of the body | length of the body | loop | server | type, one byte | body
//
// The head of a record has a checksum of its own, so that its length can be believed: a file that ends before its last
// record does was torn by the death of its writer, at a record that nobody had been told of, and is complete. Everything
// else that is not as it was written is doubtful, zeros at the end included: no death of a process makes them.
//
// The numbers of loops and servers mean nothing beyond the file that they are in.
package journal

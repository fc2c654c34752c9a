// Package journal keeps what servers have missed in a file, so that it survives the end of the process. When a method
// that records something returns, the record has been passed to the kernel by write(2), and kill -9 does not undo
// that. A crash of the machine may, because nothing is synced.
//
// A directory belongs to one process (DIR/lock). It holds the files below and nothing else; a directory with other
// files is refused. A process that starts as root gives the directory and these files to the user that it becomes
// (see Place). It does so by descriptor, and only for regular files without a second name, so that no file
// elsewhere changes its owner.
//
//	outage.journal        of this run; while all servers are fine it is only a header
//	previous.N.journal    of runs that were killed, a higher N being later; kept until Adopted
//	previous.N.doubtful   the same, of a run that could not mark the file itself as doubtful
//	servers.json          the last identity of each server, and when it is to be flushed; written when one changes
//
// The header is written at the start and stays. A full disk still allows overwriting the byte in it that says
// "records are missing". It would not allow writing a header into an empty or missing file, and that would
// mean "nothing was missed".
//
// A file is a header followed by records. Numbers are little-endian. The head of a record has 21 bytes.
//
//	header   "MAGENTJ\n"  version 1  status: 'g' good, 'd' doubtful
//	record   CRC-32C of the other 17 bytes of the head | CRC-32C of the body |
//	         length of the body | loop | server | type, one byte | body
//
// The head of a record has a checksum of its own, so that its length can be trusted. A file that ends within
// its last record was torn when its writer was killed. It is complete all the same, as nobody had been told
// that this record was written. Every other deviation makes a file doubtful, including zeros at its end:
// killing a process does not produce those.
//
// The numbers of loops and servers are only meaningful within their file.
package journal

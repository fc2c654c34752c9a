// Package ascii speaks memcached's text protocol, the classic and the meta commands, on byte slices.
//
// It has two halves. Towards the client, [Next] takes one request from the front of a buffer and fills a
// [Request], and the Append functions write the lines that a server gets for it. Towards the server,
// [Framer] finds where one reply ends, and [NextValue] takes a framed retrieval reply to pieces.
//
//	client bytes -> Next -> Request -> AppendHead -> server bytes
//	server bytes -> Framer.Next -> Reply -> client bytes
//
// What goes to a server is written anew from what was understood: single spaces, decimal numbers, known flags, CRLF, a
// value that is as long as the line says, in a bounded number of bytes. Versions of memcached differ in what else they take, and
// where a server refuses a line, it reads the value behind it as commands. A line that was found to be of this form is sent
// as it came. Everything else is answered here, with the line that memcached 1.6.18 has for it.
//
// A client must never be able to shift the replies of a connection that others share, and no byte of a value may be
// executed. Therefore this package is stricter than memcached in these places:
//   - the value of a refused storage command is thrown away where the line tells its length: so many bytes, and all up to
//     the next line end ([Skip]). Where it does not tell, or where a space in a key makes two lengths possible, the
//     connection ends. Words that are meant as storage commands ("SET") are treated alike. memcached reads on, in the value;
//   - where a value does not end with its line end, all up to the next one is thrown away;
//   - control bytes are refused everywhere in a line, not only in keys;
//   - a value's length that needs more than 31 bits is refused, where memcached drops the upper bits;
//   - client flags have 32 bits, and in the place of noreply stands no number;
//   - flags of meta commands have to be those of the command, with an argument of the right form and no other, where
//     memcached ignores what it does not use; q and the hints L and P are left out of what servers get;
//   - base64 keys have to be clean base64, where memcached skips bytes that are not; a key has one text at the servers;
//   - mg with k and me are refused for a base64 key with a line feed in it, because memcached may print
//     such a key as it is (after an append, an arithmetic command or an autovivification);
//   - only retrieval lines may be longer than 2048 bytes, because memcached closes the connection on others.
//
// The package does no I/O, starts nothing, keeps no state outside of its arguments and allocates nothing.
// Every slice it returns aliases an argument; no value may be shared between goroutines without care.
package ascii

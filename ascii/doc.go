// Package ascii speaks memcached's text protocol, the classic and the meta commands, on byte slices.
//
// It has two halves. Towards the client, [Next] takes one request from the front of a buffer and fills a
// [Request], and the Append functions write the lines that a server gets for it. Towards the server,
// [Framer] finds where one reply ends, and [NextValue] takes a framed retrieval reply to pieces.
//
//	client bytes -> Next -> Request -> AppendHead -> server bytes
//	server bytes -> Framer.Next -> Reply -> client bytes
//
// What is forwarded is safe to forward: it has exactly one line, that line holds no control byte, its key is
// valid and its value ends where the line says. Everything else is answered here, with the line that memcached
// 1.6.18 has for it, and the value of a refused command is thrown away in the cases where memcached does so.
//
// A client must never be able to shift the replies of a connection that others share. Therefore this package
// is stricter than memcached in these places:
//   - control bytes are refused everywhere in a line, not only in keys;
//   - a value's length that needs more than 31 bits is refused, where memcached drops the upper bits;
//   - base64 keys have to be clean base64, where memcached skips bytes that are not, so that a key has one text;
//   - mg with k and me are refused for a base64 key with a line feed in it, because memcached may print
//     such a key as it is (after an append, an arithmetic command or an autovivification);
//   - only retrieval lines may be longer than 2048 bytes, because memcached closes the connection on others.
//
// The package does no I/O, starts nothing, keeps no state outside of its arguments and allocates nothing.
// Every slice it returns aliases an argument; no value may be shared between goroutines without care.
package ascii

// Package ascii speaks memcached's text protocol, the classic and the meta commands, on byte slices.
//
// It has two halves. For the client's side, [Next] parses one request at the front of a buffer into a [Request], and
// the Append functions write the command lines for servers. For the server's side, [Framer] finds the end of a reply,
// and [NextValue] takes a framed retrieval reply apart.
//
//	client bytes -> Next -> Request -> AppendHead -> server bytes
//	server bytes -> Framer.Next -> Reply -> client bytes
//
// Servers get every command in a canonical form: single spaces, decimal numbers, known flags, CRLF, a bounded length,
// and a value exactly as long as the line says. Versions of memcached differ in what else they accept. Where one
// refuses a line, it would execute the value behind the line as commands. A line that already has the canonical form
// is sent as it is. Everything else is refused here, with the error line that memcached 1.6.18 has for it.
//
// A client must never be able to shift the replies of a connection that others share, and no byte of a value may be
// executed. Therefore this package is stricter than memcached:
//   - If a storage command is refused and its line gives the length of the value, the value is discarded: that many
//     bytes, and everything up to the next line end ([Skip]). If the length is missing, or a space in the key makes
//     two lengths possible, the connection is closed. The same holds for words that look like storage commands
//     ("SET"). memcached goes on reading inside the value.
//   - If a value does not end with a line end, everything up to the next line end is discarded.
//   - Control bytes are refused everywhere in a line, not only in keys.
//   - A length of more than 31 bits is refused, where memcached drops the upper bits.
//   - Client flags have 32 bits, and a number is not accepted in place of noreply.
//   - A meta command may only have its own flags, each with an argument of the right form. memcached ignores what
//     it does not use. Servers do not get q, nor the hints L and P.
//   - Keys in base64 have to be valid, where memcached skips invalid bytes. Servers always get the same spelling of
//     a key.
//   - mg with k, and me, are refused for a base64 key that contains a line feed. memcached may print such a key
//     undecoded (after an append, an arithmetic command or an autovivification).
//   - Only retrieval lines may exceed 2048 bytes, because memcached closes the connection on others.
//
// The package does no I/O, starts no goroutines, keeps no state outside of its arguments and allocates nothing. Every
// slice it returns aliases an argument, or is constant. Values are not safe for concurrent use.
package ascii

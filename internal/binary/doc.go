// Package binary speaks memcached's binary protocol with clients, on byte slices. Servers never see it: each request
// becomes a command line of the text protocol, which package ascii parses and the engine carries out. So whatever
// holds for a text client holds for a binary one, and each reads what the other has stored.
//
//	client bytes -> Next -> Request -> AppendText -> ascii.Next -> the engine -> text reply -> Waiting.AppendReply
//
// The codes, extras and texts of replies are those of memcached 1.6. It differs in these points:
//   - What a quiet get cannot find out is answered with an error. Silence would mean a miss.
//   - The body of a request that is refused is always skipped, and never executed.
//   - A stat request has no value, and a key is not longer than what the text protocol can carry (MaxKey).
//
// The package does no I/O, starts no goroutines and allocates nothing. Slices that it returns alias its arguments.
package binary

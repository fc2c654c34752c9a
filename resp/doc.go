// Package resp speaks the Redis protocol, version 2 (RESP2), on byte slices. It is the sibling of package ascii.
//
// It has three parts. Towards the client, [Next] takes one request from the front of a buffer and fills a
// [Request]. Between the two, [Lookup] says what a proxy has to know of a command: where it goes, and where its
// keys are ([Command.Keys]). Towards the server, [Framer] finds where one reply ends, and [ArrayLen], [NextElement]
// and their neighbours take whole replies to pieces, so that several become one.
//
//	client bytes -> Next -> Request -> Command.Keys -> Request.Raw -> server bytes
//	server bytes -> Framer.Next -> reply -> client bytes
//
// What is malformed is answered as redis 7.0 does it, byte by byte. A client must never be able to shift the
// replies of a connection that others share, whatever server is at its end. Therefore this package is stricter
// than Redis in these places:
//   - the line of a length, and an argument, has to end with CRLF, where Redis skips two bytes unread;
//   - a zero byte in an inline command or in the line of a length is an error at once, where Redis waits for more;
//   - a line is too long whenever its end is not within [Limits].MaxInline, where Redis asks how it arrived.
//
// The package does no I/O, starts nothing, keeps no state outside of its arguments and allocates nothing for a
// request in the steady state. No value may be shared between goroutines without care; the table of commands, which
// nobody changes, is shared by all.
package resp

// Package resp speaks the Redis protocol on byte slices, its versions 2 and 3 (RESP2 and RESP3). It is the sibling of
// package ascii.
//
// It has three parts. For the client's side, [Next] parses one request at the front of a buffer into a [Request].
// [Lookup] describes a command to a proxy: where it goes, and where its keys are ([Command.Keys]). For the server's
// side, [Framer] finds the end of a reply. [ArrayLen], [NextElement] and their neighbours take whole replies apart,
// so that several can be combined. Requests have the same form in both versions; [Proto] has what replies differ in.
//
//	client bytes -> Next -> Request -> Command.Keys -> Request.Raw -> server bytes
//	server bytes -> Framer.Next -> reply -> client bytes
//
// Malformed requests get the same replies as from redis 7.0, byte for byte. All clients share the connections to
// servers, so no client may be able to shift the replies on them, whatever the server is. Therefore this package is
// stricter than Redis:
//   - The line of a length and every argument have to end with CRLF. Redis skips two bytes without looking at them.
//   - A zero byte in an inline command or in the line of a length is an error at once. Redis waits for more input.
//   - A line without an end within [Limits].MaxInline bytes is too long. Redis' answer depends on how the bytes
//     arrived.
//
// The package does no I/O, starts no goroutines and keeps no state outside of its arguments. It allocates nothing for
// a request in the steady state. Values are not safe for concurrent use. Only the table of commands is shared by all,
// and it is read-only.
package resp

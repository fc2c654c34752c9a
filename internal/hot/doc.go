// Package hot keeps the values of the keys that are asked for most, so that a get of one of them needs no server.
//
// A value in memory is the one that the server holds, as long as every mutation of its key is told to the Cache:
//
//   - Begins takes the key out before the mutation is sent. Until Ends nothing lets it in.
//   - Only the reply to a read lets a key in (Ask with Start, then Answered). That read must have begun when no
//     mutation of the key was under way, and none may have begun since.
//   - Whatever else may change what a server answers comes to Out, Clear or Close.
//
// A mutation whose outcome is unknown has ended when nobody waits for its reply any more. The read that lets the key
// in must then reach the server behind it. Connections see to that: they have one order.
//
// A value is used for Options.Refresh at most, counted from the beginning of its read. So a change that was not told
// is noticed after that time. A value with a time to live is used for a second less than that.
//
// It is a pure machine: requests, replies and the time come in, values go out. It belongs to one loop.
package hot

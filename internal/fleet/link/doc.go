// Package link carries messages between the members of a fleet, beside the event loops, and makes the connections on
// which the loops send each other requests. It knows who the members are, and nothing of what they say to each other.
//
// Each member connects to each of the others, sends on the connections that it has made, and receives on those that
// the others have made. So a connection has one direction, and the end of one is noticed by both. What cannot be
// sent now is lost: those who use it say the same again, or something newer.
//
// A connection begins with a greeting and an answer, in which both say who they are and whom they mean. After that
// come frames: four bytes with the length, the most significant one first, and that many bytes.
//
// With a secret all of this is inside TLS 1.3. Both ends show that they have a key that is made of the secret
// (crypto/ed25519), and refuse any other. Without a secret, only loopback addresses are accepted.
//
// A connection for a command (Command) carries one frame in each direction. Members of a version that does not know it
// refuse it, and nothing else changes.
//
// A connection for requests (Data) begins in the same way. Then both ends take keys for a loop.Seal from the TLS
// session, and use TLS no more. All bytes behind the greetings are the loops': who has dialed sends when he has read
// the answer, and the other end when it has written it.
package link

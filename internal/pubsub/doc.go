// Package pubsub is what a client of a Redis pool has subscribed to, at which servers, and what its commands change of
// that. It has no I/O.
//
// A channel is on the server that the ring gives its name. Patterns, and the channels of keyspace events, are
// subscribed to at all servers.
package pubsub

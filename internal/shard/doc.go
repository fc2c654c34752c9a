// Package shard wires one event loop with everything that lives on it - listeners, sessions, connections to servers,
// the engine - and several of them to a running Service.
//
// A session (session.go) belongs to the loop that accepted it; a key belongs to the loop that ownerOf names (route.go).
// A request whose key belongs to another loop travels there and back as an errand through the loops' mailboxes
// (errand.go). With one loop nothing travels.
//
// Beside the loops a Service has a few helpers, each a goroutine with a name of its own: one prober per server
// (probe.Prober), which sleeps while the server is up, and one resolver per server that is given by name, which looks
// it up when a loop connects, and from time to time.
package shard

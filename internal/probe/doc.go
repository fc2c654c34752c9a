// Package probe asks servers that are out of use whether they are back. It works beside the event loops, on
// goroutines and connections of its own. What a server's return means is decided elsewhere (failover).
package probe

// Package probe asks ejected servers whether they are back. It has goroutines and connections of its own, outside the
// event loops. Package failover decides what the return of a server means.
package probe

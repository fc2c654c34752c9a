// Package pool is one event loop's part of a pool: connections to its servers, what is known of each, and the engine that uses
// them. It hears of connections (backend.Watcher) and of what the engine makes good (repair.Host), and takes servers out of use
// and in again.
package pool

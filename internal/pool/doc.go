// Package pool is one event loop's part of a pool: connections to the servers, what is known of each server, and the
// engine that uses them. It is told about connections (backend.Watcher) and about repairs (repair.Host). It takes
// servers out of use, and uses them again.
package pool

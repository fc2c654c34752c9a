// Package backend is one loop's side of the servers: pipelined connections to them.
//
// A Conn is a connection to one server. Requests go out in the order of Send. Replies come back in the same order and
// are matched by a FIFO. Every request that Send accepts is answered exactly once, by the server's reply or by one of
// kind ascii.Lost. A Conn makes no decisions about the server: it tells its Watcher what happened. The packages above
// decide (failover) and act (replicate).
//
// Connections belong to one loop, and only its goroutine uses them.
package backend

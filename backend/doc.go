// Package backend is one loop's side of the servers: pipelined connections to memcached, and the hashes and rings that
// say which server a key belongs to.
//
// A Conn is a connection to one server. Requests go out in the order of Send, replies come back in the same order and
// are matched by a FIFO. Everything that was accepted by Send is answered exactly once, by the server's reply or by a
// reply of kind ascii.Lost. A Conn decides nothing about the server: it tells its Watcher what happened, and the
// packages above decide (failover) and act (replicate).
//
// Everything here belongs to one loop and is used on its thread only.
package backend

// Package dedicated has connections to Redis servers that a client does not share with others while it needs them,
// because it waits there (BLPOP), or watches keys (WATCH). A Set keeps those of a pool's servers on one loop. A Bound
// limits their number in a pool.
//
// A Line is such a connection. It is a backend.Conn, so it is made, and its errors are worded, as those that all
// clients share.
package dedicated

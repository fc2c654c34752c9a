package session

import "magent/resp"

// redisClient is what a session of a Redis pool has beyond other sessions.
type redisClient struct {
	id       int64
	locked   bool // the pool has a password, and the client has not said it yet
	name     []byte
	progress resp.Progress // into the request that has arrived in part
	multi    *multi        // the transaction that is being collected; nil: none
}

// multi is a transaction that a client has begun. Its commands are collected. They go to their server together, in one
// piece with MULTI and EXEC, so no client needs a connection of its own. That all keys belong to one server is checked
// at the end, because the ring may change until then.
type multi struct {
	raw []byte // the commands
	n   int    // how many
	bad bool   // one was refused
}

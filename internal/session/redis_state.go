package session

import (
	"magent/resp"
)

// redisClient is what a session of a Redis pool knows of its client beyond other sessions.
type redisClient struct {
	id       int64
	locked   bool // the pool has a password, and the client has not said it yet
	name     []byte
	progress resp.Progress // into the request that has arrived in part
	multi    *multi        // the transaction that is being collected; nil: none
}

// multi is a transaction that a client has begun. Its commands are collected, and go to their server together, in one
// piece with MULTI and EXEC; so nobody needs a connection for himself. That all keys belong to one server is looked at at
// the end, for the ring may change until then.
type multi struct {
	raw []byte // the commands
	n   int    // how many
	bad bool   // one was refused
}

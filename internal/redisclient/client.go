package redisclient

import (
	"magent/internal/dedicated"
	"magent/internal/distribute"
	"magent/internal/pool"
	"magent/internal/pubsub"
	"magent/resp"
)

// Host is the session of a client.
type Host interface {
	// RedisCall adds a call to the client's line. The request has so many keys and bytes, and the reply up to so many
	// values.
	RedisCall(keys, values, bytes int) *distribute.Call
	// RedisRoom reports whether the client's transaction may have so many bytes more. It may cut off other clients.
	RedisRoom(more int) bool
	// RedisInfo answers INFO. It has these sections; none: all.
	RedisInfo(sections [][]byte)
}

// Feed is the session of a client that has subscribed to something.
type Feed interface {
	// RedisMessage sends a message to the client, between replies. It is borrowed for the call.
	RedisMessage(message []byte)
	// RedisSubscribed tells whether the client has subscribed to anything now.
	RedisSubscribed(anything bool)
	// RedisEnd ends the session when what is under way is answered, because messages may have been missed.
	RedisEnd(why string)
}

// Loop is what the clients of an event loop share.
type Loop struct {
	Request resp.Request // the one that is being served
	Line    []byte       // scratch, until the next use

	queued resp.Request // a command of the transaction that is being executed
	last   int64        // the number that was given to a client last; 0: none was
}

// maxKeptLine is the largest scratch buffer that a loop keeps. A client can make it as large as a value.
const maxKeptLine = 64 << 10

// Client is what a session of a Redis pool has beyond other sessions.
type Client struct {
	Progress resp.Progress // into the request that has arrived in part

	host     Host
	feed     Feed
	loop     *Loop
	pool     *pool.Pool // of the command that is being served
	part     *pool.Pool // the part of it that serves the client: in its version, and its database
	id       int64
	fd       int
	locked   bool // the pool has a password, and the client has not said it yet
	astray   bool // its last SELECT was refused, so what it sends is meant for another database
	db       int  // the database that it has selected
	selected bool // it has selected db; else its database is that of the pool
	proto    resp.Proto
	name     []byte
	multi    *multi // the transaction that is being collected; nil: none
	own      dedicatedTo
	subs     *subscriptions // nil: it has never subscribed to anything
	follows  following
	goOn     func() // has the session look whether it can go on
	end      End    // what the command that is being served brings about
}

// following is whether the client's next request waits for what others subscribe to.
type following uint8

const (
	apart  following = iota // it does not
	behind                  // it does
	passes                  // it has done so, and need not do it again
)

// dedicatedTo is the connection of the client's own to a server, if it has one.
type dedicatedTo struct {
	line  *dedicated.Line // nil: none, or it was lost
	hold  dedicated.Hold
	asked bool // a command is under way there: the client's next ones wait for its answer

	replicas *replicaWait // that command is one at all servers; nil: it is not
}

// replicaWait is a WAIT or WAITAOF that is under way. It is the user of the connections.
type replicaWait struct {
	c       *Client
	call    *distribute.Call
	lines   []*dedicated.Line // by server
	missing int               // replies
	lowest  []int64           // the numbers of the answer; nil: no server has replied
	failure []byte            // the first error; nil: there is none
}

// multi is a transaction that a client has begun. Its commands are collected. They go to their server together, in one
// piece with MULTI and EXEC, so no client needs a connection of its own.
type multi struct {
	located

	raw []byte // the commands
	n   int    // how many
	bad bool   // one was refused

	channel []byte // on which something is published first; nil: nothing is
}

// End tells whether a command ends its session.
type End uint8

const (
	GoOn  End = iota
	Stop      // nothing more is served
	Wrong     // the same, and the client counts as one that has sent something wrong
)

// New returns the state of a client that has just connected to p. goOn has the session look whether it can go on,
// also when that has ended. loops is the number of event loops. No two clients have the same id.
func New(host Host, feed Feed, goOn func(), l *Loop, p *pool.Pool, fd, loops int) *Client {
	l.last++
	return &Client{
		host: host, feed: feed, goOn: goOn, loop: l, fd: fd, pool: p, part: p,
		id:     (l.last-1)*int64(loops) + int64(p.Loop.ID) + 1,
		locked: p.Config.RedisAuth != "", proto: resp.RESP2,
	}
}

// Proto returns the version that the client speaks: RESP2, until it says HELLO 3.
func (c *Client) Proto() resp.Proto { return c.proto }

// Commands returns the engine of a pool that carries out the command which is being served. Between commands it is one
// that can only answer.
func (c *Client) Commands(p *pool.Pool) *distribute.Engine {
	if c.pool != p {
		return p.Commands
	}
	return c.part.Commands
}

// Limits for clients that have not authenticated: elements of a request, and bytes of one. Redis has the same.
const (
	lockedArgs = 10
	lockedBulk = 16 << 10
)

// Limits returns those of the client's next request.
func (c *Client) Limits(p *pool.Pool) resp.Limits {
	limits := p.RedisLimits
	if c.locked {
		limits.MaxArgs, limits.MaxBulk = lockedArgs, min(limits.MaxBulk, lockedBulk)
	}
	return limits
}

// Holds returns the bytes of the transaction that is being collected.
func (c *Client) Holds() int {
	if c.multi == nil {
		return 0
	}
	return len(c.multi.raw)
}

// spoil makes the transaction that is being collected fail, if there is one. Its commands are not needed any more.
func (c *Client) spoil() {
	if c.multi != nil {
		c.multi.raw, c.multi.bad = nil, true
	}
}

// EndMulti drops the transaction that is being collected, if there is one.
func (c *Client) EndMulti() { c.multi = nil }

// subscriptions is what a client has subscribed to, on connections of its own to the servers concerned. A server has
// one exactly while it is used there, or while a change is under way.
type subscriptions struct {
	set    pubsub.Set
	part   *pool.Pool              // whose connections they are
	lines  map[int]*dedicated.Line // by server
	change *pubsub.Change          // the command that is being carried out; nil: none is
	call   *distribute.Call        // the one of the change
	held   []byte                  // messages that came while something is being subscribed to
	asked  map[int]*pubsub.Asked   // by server: that it subscribes, if that is the change
	known  bool                    // the session was told that there is something
}

// Close gives up what the client has a connection of its own for.
func (c *Client) Close() {
	own := c.own
	c.own = dedicatedTo{}
	if own.line != nil {
		own.line.Return(false)
	}
}

package backend

import (
	"time"

	"magent/ascii"
	"magent/backend/hello"
	"magent/failover"
	"magent/internal/loop"
	"magent/resp"
)

// Receiver gets the replies to requests.
type Receiver interface {
	// OnReply is called exactly once for every accepted Send, or for each of its replies if there are Several. It is
	// never called inside it. r and what it refers to are valid during the call only. With r.Kind == ascii.Lost there
	// is no reply, and it is unknown whether the server executed the request. Requests of a connection get their
	// replies in the order in which they were sent. A reply of a Redis (Options.Redis) has the kind ascii.Opaque, and
	// r.Raw is RESP.
	OnReply(slot uint16, from *Conn, r *ascii.Reply)
}

// Watcher is told what happens to a connection, before the requests on it are.
type Watcher interface {
	// Recognized asks whether the server on a new connection is the one that the collected requests are meant for:
	// c.Greeting says who it is. If not, these requests are lost instead of sent.
	Recognized(c *Conn) bool
	// Connected: the connection carries requests from now on.
	Connected(c *Conn)
	// Disconnected: the connection, or the attempt to make one, ended with err. idle says that this is no
	// failure: the server closed it, or the server has moved, while no request was in flight; or another
	// server has replaced this one.
	Disconnected(c *Conn, err error, idle bool)
	// TimedOut: a request was given up, and that is the server's fault (see progress). The connection stays.
	TimedOut(c *Conn)
}

// Dialer looks up the addresses of a server that is given by name.
type Dialer interface {
	// Resolve looks the name up outside of the loop, and calls c.Resolved on the loop.
	Resolve(c *Conn)
}

// Permit may forbid that anything is sent to a server: that of a member of a fleet, who decides for a while only. Its
// methods are called on the loop.
type Permit interface {
	// May reports whether requests may be written right now. It is asked right before each write. If it says no,
	// nothing is written, and the connection is reset.
	May() bool
	// Announce has others know of a new connection, which has this address here. It carries requests when c.Announced
	// is called, now or later.
	Announce(c *Conn, local loop.Endpoint)
	// Ended is called when an announced connection was given up, with gone if nothing of it is left at the server.
	// Otherwise the server may still execute what lies in its socket. Then Ended is called once more with gone, if the
	// end is seen.
	Ended(c *Conn, local loop.Endpoint, gone bool)
}

// Securer makes TLS handshakes with a server.
type Securer interface {
	// Secure makes one, outside of the loop, on a connected socket to c.Endpoint, which it closes in the end. Then it
	// calls c.Secured on the loop with this number, once. cancel ends the handshake early.
	Secure(c *Conn, fd int, number uint64) (cancel func())
}

// Options configure a connection.
type Options struct {
	Name           string        // the server's name in errors and statistics
	Endpoint       loop.Endpoint // the server's address; not used if Dialer is set
	Dialer         Dialer        // asked before each connect; nil: Endpoint is fixed
	Timeout        time.Duration // for a reply, since the last progress on the connection (see progress); 0: no limit
	ConnectTimeout time.Duration // for the name lookup and all addresses together
	DrainTime      time.Duration // how long to wait for the end of a lost connection before a new one is made
	Quarantine     time.Duration // how long a new one waits if that end was not seen
	MaxPending     int           // requests in flight; with that many the connection is Full
	MaxValue       int           // bytes of a value; limits the size of replies
	MaxUnsent      int           // bytes waiting for the socket; with more the connection is Full
	Lazy           bool          // Send connects if the connection is down
	// Greet: ask the server for its identity and abilities before it gets requests: Identity, Meta
	Greet    bool
	Knock    bool // without Greet: ask whether it accepts connections, and for its abilities: Meta
	MaxJoint int  // keys on the command line of a joint get; 1 or less: no joint gets
	// Password returns the request that a memcached gets first, and has to accept; nil: none
	Password func() []byte
	Redis    *hello.Login // the server is a Redis, and gets this first; nil: it is a memcached
	// Securer makes TLS handshakes, before anything is said; nil: plain text
	Securer Securer
	// Relay: the other end is the owner of a fleet, see relay.go. ConnectTimeout is how long a request waits for an
	// owner, and Timeout, which must not be 0, how long for its answer. The options that ask a server what it is and
	// can must not be set, nor Lazy, and MaxJoint must be 1.
	Relay  *Relay
	Permit Permit // may forbid to send; nil: nobody does
	// UserTimeout is how long the kernel goes on sending what is not acknowledged; 0: it follows from the other times
	UserTimeout time.Duration
	// Strict makes a broken invariant panic, in tests. With -race and with -tags faults it always does
	Strict bool
}

type state uint8

const (
	down       state = iota // no connection; Connect starts one
	connecting              // looking up or connecting; requests are collected
	greeting                // waiting for the replies to the first commands; requests are still collected
	announcing              // others are being told of it (Permit); requests are still collected
	ready
)

// failure is what was wrong with a server when it failed last.
type failure struct {
	at  int64 // loop time; 0: never
	err error
}

// Conn is a pipelined connection to one server, and its successors after reconnecting. check and its neighbours
// assert the rules at its fields (invariant.go).
type Conn struct {
	Stats Stats

	opt     Options
	l       *loop.Loop
	watcher Watcher
	err     error // why the last connection ended
	failed  failure
	missed  bool          // that connection was in use, or requests were waiting for it
	lasted  time.Duration // how long it was established; 0: it never was

	// state decides what the fields below may hold. In down the stream is closed, and nothing is left of the last
	// connection: no request, no bytes. After Shut it stays down.
	state state
	s     loop.Stream
	epoch uint32 // number of the connection; a caller sees by it that the connection ended during a call

	// fifo has the requests that wait for replies, in the order in which they were sent. The first given ones
	// have missed their deadline and have no owner (entry.to); all others have one. No request is given up
	// before the connection is ready.
	fifo  fifo
	given int
	// early holds the bytes of the requests in fifo that were sent while connecting; entry.size says how many each
	// has. It is empty if the connection is down or ready.
	early []byte
	// open is the number of keys on a command line at the end of the output that is not finished: a joint get. Their
	// entries are the last ones in fifo. The server has not been asked for them yet, so a reply cannot be theirs.
	// There are at most MaxJoint. The connection is ready and marked then, so Flush will finish the line.
	open   int
	marked bool // Flush will be called at the end of the turn

	framer ascii.Framer
	resp   resp.Framer
	reply  ascii.Reply
	need   int    // size of the reply being read, if known
	broken error  // the socket failed in a write of this turn; Flush fails with it
	doubt  error  // set by Distrust
	line   []byte // scratch for a command line

	since int64 // loop time at which the connection was established
	spoke bool  // the server has sent something since then
	work  progress
	// clock is the deadline of connecting, or that of the oldest request which is not given up; tick
	// finds out what is due. It is not set while there is no such request. Without Options.Timeout there
	// are no deadlines for replies.
	clock *loop.Timer

	greeting failover.Greeting
	talk     hello.Talk
	closedAt loop.Endpoint // where a server closed the connection over the question; closes says how often
	closes   int
	shy      loop.Endpoint // where the question is left out
	listener func([]byte)  // gets messages; nil: nobody has subscribed to any

	local     loop.Endpoint // this side's address of the connection, if it was announced
	announced bool          // the Permit was told of it, and not of its end

	late    bool // connecting has not begun: Later or Flush begins it
	drains  []*drain
	wanted  bool        // Connect was called, but waits for the drains; the state is down meanwhile
	shut    bool        // Shut was called: the state stays down
	waiting *loop.Timer // deadline of the drains, set while a Connect waits for them

	route   route
	shaking shaking
	relay   *relayed // nil: this is no connection to owners
}

// Name returns the server's name as configured.
func (c *Conn) Name() string { return c.opt.Name }

// Options returns what NewConn was given.
func (c *Conn) Options() Options { return c.opt }

// Err returns why the last connection ended, or the last error since then. It is nil if there was none.
func (c *Conn) Err() error { return c.err }

// Local returns this side's address of the present connection, or an error.
func (c *Conn) Local() (loop.Endpoint, error) { return loop.LocalEndpoint(c.s.FD()) }

// Blame notes, while the connection is down, an error that somebody else has got from the server.
func (c *Conn) Blame(err error) {
	if c.state == down {
		c.err = err
	}
}

// Ready reports whether the connection is established.
func (c *Conn) Ready() bool { return c.state == ready }

// Missed reports whether the end of the last connection mattered: it had been established, or
// requests were waiting for it.
func (c *Conn) Missed() bool { return c.missed }

// Lasted returns how long the last connection was established; 0: the last attempt to make one has failed.
func (c *Conn) Lasted() time.Duration { return c.lasted }

// Connecting reports whether a connection is being made.
func (c *Conn) Connecting() bool { return c.state != down && c.state != ready }

// Trim releases memory that is kept for reuse and not needed now.
func (c *Conn) Trim() { c.fifo.trim() }

// route is the way to a server that may have several addresses.
type route struct {
	until int64         // loop time at which the attempt to connect ends
	last  loop.Endpoint // the address that worked last; it is tried first
	now   loop.Endpoint // the address being tried
	left  []loop.Endpoint
}

func (r *route) worked() { r.last = r.now }

// shaking is the TLS handshake that is under way on the present socket.
type shaking struct {
	number uint64 // of the handshake; 0: none has begun
	cancel func() // nil: none is under way
}

// end cancels the handshake, if one is under way.
func (h *shaking) end() {
	if h.cancel != nil {
		h.cancel()
		h.cancel = nil
	}
}

// Maker makes connections to owners.
type Maker interface {
	// Make finds out who is the owner and connects to it, outside of the loop. Then it calls c.Made on the loop, once.
	// While there is no owner, it waits.
	Make(c *Conn)
}

// Relay makes a connection one to the owner of a fleet.
type Relay struct {
	Maker Maker
	Clock func() time.Duration // CLOCK_BOOTTIME
	// Forwarded is told, on the loop, how many requests an owner gets. One that is sent to the next owner as well
	// counts twice. nil: nobody asks.
	Forwarded func(requests int)
}

// Link is a connection to an owner.
type Link struct {
	FD    int        // non-blocking; the Conn owns it
	Seal  *loop.Seal // nil: what is sent is not sealed
	Epoch uint64     // in which the owner at the other end was named
	// Closed is called once, on the loop, when the Conn uses the connection no more. nil: nobody asks.
	Closed func()
}

// drain is a connection that is being drained.
type drain struct {
	c    *Conn
	s    loop.Stream
	read int // bytes that were read

	local     loop.Endpoint
	announced bool // the Permit has to be told of its end
}

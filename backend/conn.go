package backend

import (
	"errors"
	"time"

	"magent/ascii"
	"magent/failover"
	"magent/internal/loop"
	"magent/internal/stats"
	"magent/resp"
)

// Receiver gets the outcome of a request.
type Receiver interface {
	// OnReply is called exactly once for every accepted Send, never inside it. r and what it refers to are valid during
	// the call. With r.Kind == ascii.Lost the server could not answer: whether it executed the request is unknown. The
	// requests of a connection hear of it in the order in which they were sent. The reply of a Redis (Options.Redis) is of
	// the kind ascii.Opaque: r.Raw is RESP.
	OnReply(slot uint16, from *Conn, r *ascii.Reply)
}

// Watcher is told what happens to a connection. It is called before the requests concerned are.
type Watcher interface {
	// Recognized asks whether the server at the other end of a new connection is the one that requests were collected for:
	// c.Greeting says who it is. If not, they are lost, not sent.
	Recognized(c *Conn) bool
	// Connected: the connection carries requests now.
	Connected(c *Conn)
	// Disconnected: the connection or the attempt to make one ended with err. idle: the server closed it with no request
	// in flight, or it was given up then because the server has moved, or at any time because another one has taken its
	// place, which is no failure.
	Disconnected(c *Conn, err error, idle bool)
	// TimedOut: one request is given up, and that is the server's fault: see progress. The connection lives on.
	TimedOut(c *Conn)
}

// Dialer finds the addresses of a server whose host is a name.
type Dialer interface {
	// Resolve looks the name up off the loop and calls c.Resolved on it.
	Resolve(c *Conn)
}

// Options of a connection.
type Options struct {
	Name           string        // the server, in errors and statistics
	Endpoint       loop.Endpoint // where it is; may be left out when Dialer is set
	Dialer         Dialer        // asked before each connect; nil for a fixed Endpoint
	Timeout        time.Duration // for a reply, from the last progress on the connection on: see progress; 0: no limit
	ConnectTimeout time.Duration // name look-up and connect together, whatever the number of addresses
	DrainTime      time.Duration // how long the end of a lost connection is waited for before a new one is made
	Quarantine     time.Duration // how long a new one waits when that end was not seen
	MaxPending     int           // requests in flight: more make the connection Full
	MaxValue       int           // bytes of a value, by which replies are bounded
	MaxUnsent      int           // bytes that wait for the socket: more make the connection Full
	Lazy           bool          // Send connects when the connection is down
	Greet          bool          // ask the server who it is, and what it can, before it gets requests: Identity, Meta
	Knock          bool          // without Greet: ask whether it lets us in, and what it can: Meta
	MaxJoint       int           // keys on the command line of a joint get; 1 or less: no joint gets
	Redis          *Login        // the server is a Redis, and this is said first; nil: a memcached
	Strict         bool          // what cannot be is a panic: in tests. So it is with -race and with -tags faults
}

type state uint8

const (
	down       state = iota // nothing there; Connect starts
	connecting              // looking up or connecting: requests are collected
	greeting                // asking who the server is: they still are
	ready
)

// Conn is one pipelined connection to a server, and its successors after reconnecting. The rules that hold between its fields
// stand at them; check and its neighbours look whether they do (invariant.go).
type Conn struct {
	Stats Stats

	opt     Options
	l       *loop.Loop
	watcher Watcher
	err     error // why the last connection ended
	missed  bool  // the last connection that ended was one that somebody had a use for

	// state decides what the fields below may hold. down: the stream is closed, and nothing is left of the connection that it
	// was: no request, no bytes. After Shut it stays down.
	state state
	s     loop.Stream
	epoch uint32 // counts connections: tells code that it was pulled from under its feet

	// fifo has the requests that replies are to come for, in the order in which they were sent. All of them have an owner
	// (entry.to), but for the first given ones: their deadline has passed. None is given up before the connection is ready.
	fifo  fifo
	given int
	// early is what was sent while the connection was being made: the requests in fifo, byte by byte, each with its
	// entry.size. It is empty when the connection is down or ready.
	early []byte
	// open is the number of keys on the command line that the output ends with, which has no end yet: a joint get. They are
	// the last ones in fifo, and the server has not been asked for them: replies to them are none. The connection is ready
	// and marked, so that Flush ends the line; there are MaxJoint at most.
	open   int
	marked bool // Flush is going to be called at the end of the turn

	framer ascii.Framer
	resp   resp.Framer
	reply  ascii.Reply
	need   int    // size of the reply being read, when known
	broken error  // the socket refused a write in this turn; Flush fails with it
	doubt  error  // Distrust
	line   []byte // scratch: a command line

	since int64 // when the connection was established
	spoke bool  // the server has sent something since
	work  progress
	// clock is set while the connection is being made, for the end of the attempt, and while a request is waited for that is
	// not given up; tick looks which ones are due. Without Options.Timeout replies have no deadline, the first one neither.
	clock *loop.Timer

	greeting   failover.Greeting
	introduced bool          // the reply to the first command has come
	asking     MetaForm      // which form of the meta commands it is asked about
	meta       MetaForm      // which it has
	token      bool          // whether ms may name the token of what it stores (E)
	closedAt   loop.Endpoint // where a server has closed the connection over that question, closes times
	closes     int
	shy        loop.Endpoint // where it is not asked
	login      int           // replies to the Login that have come
	version    string        // of a Redis

	drains  []*drain
	wanted  bool        // Connect was called, and waits for the drains: it is down meanwhile
	shut    bool        // nothing is connected to any more: it is down for good
	waiting *loop.Timer // until the drains are given up; set while a Connect waits for them

	route route
}

// Stats counts what a connection did since the start.
type Stats struct {
	Requests uint64
	Replies  uint64
	Errors   uint64 // requests that got no reply
	Timeouts uint64
	Sent     uint64 // bytes
	Received uint64
	Connects uint64
	Latency  int64           // nanoseconds from Send to reply, moving average over about 16 replies
	Waited   stats.Histogram // the same, of all replies

	EOFs            uint64 // connections that the server closed
	Failures        uint64 // connections, and attempts to make one, that failed in another way; not those given up over a request
	ConnectTimeouts uint64 // attempts that took too long
}

// Reasons why requests are not answered.
var (
	ErrTimeout  = errors.New("no reply in time")
	ErrConnect  = errors.New("no connection in time")
	ErrGarbage  = errors.New("the reply cannot be parsed")
	ErrUnasked  = errors.New("a reply that nobody asked for")
	ErrClosed   = errors.New("the server closed the connection")
	ErrRefill   = errors.New("it lacks what its other copies have, and is filled from them")
	ErrMoved    = errors.New("its name has another address now")
	ErrReplaced = errors.New("another server is the master now")
	ErrShutdown = errors.New("shutting down")
)

// NewConn returns a connection that is down.
func NewConn(l *loop.Loop, opt Options, w Watcher) *Conn {
	c := &Conn{opt: opt, l: l, watcher: w}
	c.clock = loop.NewTimer(c.tick)
	return c
}

// Name is the server's name as configured.
func (c *Conn) Name() string { return c.opt.Name }

// Err is why the connection is down, or the last thing that went wrong with it; nil when nothing ever did.
func (c *Conn) Err() error { return c.err }

// Ready reports whether the connection is established.
func (c *Conn) Ready() bool { return c.state == ready }

// Missed reports whether the connection that ended last had been established, or, if it was an attempt to make one, whether
// requests waited for it.
func (c *Conn) Missed() bool { return c.missed }

// Connecting reports whether the connection is being made.
func (c *Conn) Connecting() bool { return c.state == connecting || c.state == greeting }

// Pending is the number of requests in flight.
func (c *Conn) Pending() int { return c.fifo.len() }

// established ends connecting: what was collected goes out, and the deadlines begin.
func (c *Conn) established() {
	known := c.watcher.Recognized(c)
	var strays fifo
	if !known {
		strays, c.fifo, c.early = c.fifo, fifo{}, nil
	}
	c.state = ready
	c.route.worked()
	c.since, c.work, c.spoke = c.l.Now(), newProgress(), false
	c.Stats.Connects++
	c.s.Reading(true)
	for i := range c.fifo.len() {
		c.fifo.at(i).at = c.l.Now()
	}
	c.l.Unset(c.clock)
	c.arm()
	c.checkEarly()
	c.withhold()
	if len(c.early) > 0 {
		c.s.Write(c.early)
	}
	c.early = nil
	c.flushLater()
	c.watcher.Connected(c)
	c.lose(strays)
}

// onConnect takes the outcome of a connect.
func (c *Conn) onConnect(err error) {
	switch {
	case err != nil:
		c.next(err)
	case c.opt.Greet || c.opt.Knock || c.opt.Redis != nil:
		c.hello()
	default:
		c.established()
	}
}

// lost ends a connection that was established.
func (c *Conn) lost(err error) {
	if loop.IsEOF(err) {
		err = ErrClosed
	}
	c.fail(err)
}

// Close ends the connection; requests in flight are lost with err.
func (c *Conn) Close(err error) {
	if c.state != down {
		c.fail(err)
	}
}

// Shut ends the connection for good: neither Connect nor a request makes another one. Requests in flight are lost. The ends of
// connections that were lost before are waited for no longer than before the next one.
func (c *Conn) Shut() {
	c.shut = true
	c.Close(ErrShutdown)
	if len(c.drains) > 0 && !c.wanted {
		c.waitForDrains()
	}
}

// fail takes the connection down and tells the Watcher, then everybody who waits for a reply.
func (c *Conn) fail(err error) {
	quiet := c.fifo.len() == 0
	idle := errors.Is(err, ErrClosed) && quiet && c.proven() || errors.Is(err, ErrMoved) && quiet || errors.Is(err, ErrReplaced)
	c.err = err
	c.Stats.ended(err)
	c.missed = c.state == ready || c.fifo.len() > 0
	c.state = down
	c.epoch++
	c.need = 0
	c.framer, c.resp = ascii.Framer{}, resp.Framer{}
	c.early, c.broken, c.doubt, c.open = nil, nil, nil, 0
	c.l.Unset(c.clock)
	switch {
	case c.s.FD() <= 0:
	case mayGoOn(err) && !idle:
		c.drain()
	default:
		c.s.Close()
	}
	waiting := c.fifo
	c.fifo, c.given = fifo{}, 0
	c.check()
	c.watcher.Disconnected(c, err, idle)
	c.lose(waiting)
}

// lose tells everybody who waits that there will be no reply.
func (c *Conn) lose(waiting fifo) {
	lost := ascii.Reply{Kind: ascii.Lost}
	for waiting.len() > 0 {
		if e := waiting.pop(); e.to != nil {
			c.Stats.Errors++
			e.to.OnReply(e.slot, c, &lost)
		}
	}
}

// proven reports whether the connection has been of use: it has brought a reply or has lasted. One that is closed as soon
// as it is made is none: somebody listens in the place of a server that is away.
func (c *Conn) proven() bool {
	return c.state == ready && (c.spoke || c.l.Now()-c.since >= int64(lasting))
}

// lasting is how long a connection has to live to count as one.
const lasting = time.Second

// Trim lets go of what is kept for use again and is not needed now.
func (c *Conn) Trim() { c.fifo.trim() }

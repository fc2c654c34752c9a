package dedicated

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"magent/ascii"
	"magent/backend"
	"magent/internal/call"
	"magent/internal/loop"
	"magent/resp"
)

// Set are the connections to the servers of a pool, on one loop and in one version of the protocol. Each server has
// the index that it has in the pool.
type Set struct {
	l       *loop.Loop
	servers *call.Servers
	bound   *Bound
	room    func() bool        // see NewSet
	idle    [][]*Line          // by server; the one that was used last comes last
	used    map[*Line]struct{} // somebody has them
	left    bool               // the pool was replaced: nobody gets a connection any more
}

// NewSet returns a Set without connections. They are made as those of servers are. room is asked to close a connection
// that nobody uses, of this Set or of another one on the loop, when there are as many as there may be. It reports
// whether there was one.
func NewSet(l *loop.Loop, servers *call.Servers, bound *Bound, room func() bool) *Set {
	return &Set{
		l: l, servers: servers, bound: bound, room: room,
		idle: make([][]*Line, len(servers.Conns)), used: map[*Line]struct{}{},
	}
}

// idleTime is how long a connection is kept for the next client. Clients that wait in turns come back within it.
const idleTime = 5 * time.Second

// ErrNoneLeft: all connections that the pool may have are in use.
var ErrNoneLeft = errors.New("no connection of its own is left")

// errElsewhere is why a connection ends where keys are watched.
var errElsewhere = errors.New("another server has the keys now")

// errLeft is why a connection ends with its pool.
var errLeft = errors.New("the pool was removed or changed by a reload")

// Take returns a connection to a server, which belongs to user until Line.Return. It may still be being made: what is
// sent meanwhile is collected. The error says that there are too many.
func (s *Set) Take(server int, user User) (*Line, error) {
	if s.left {
		return nil, errLeft
	}
	if kept := s.idle[server]; len(kept) > 0 {
		line := kept[len(kept)-1]
		s.idle[server] = kept[:len(kept)-1]
		s.lend(line, user)
		return line, nil
	}
	if !s.bound.take() && !(s.room() && s.bound.take()) {
		return nil, fmt.Errorf("%w: all %d of the pool are in use (dedicated_connections)", ErrNoneLeft, s.bound.Most)
	}
	s.servers.Count.CurrDedicated++
	line := newLine(s, server)
	s.lend(line, user)
	line.conn.Connect()
	line.ask()
	return line, nil
}

// Unused reports whether nobody has a connection.
func (s *Set) Unused() bool { return len(s.used) == 0 }

// DropIdle closes a connection that nobody uses, to make room. It reports whether there was one.
func (s *Set) DropIdle() bool {
	for _, kept := range s.idle {
		if len(kept) > 0 {
			kept[0].end(backend.ErrShutdown)
			return true
		}
	}
	return false
}

func (s *Set) lend(line *Line, user User) {
	line.user = user
	s.used[line] = struct{}{}
}

// keep takes a connection back that can be used again.
func (s *Set) keep(line *Line) {
	delete(s.used, line)
	line.user, line.since = nil, s.l.Now()
	s.idle[line.server] = append(s.idle[line.server], line)
}

// forget removes a connection that has ended.
func (s *Set) forget(line *Line) {
	if line.user != nil {
		delete(s.used, line)
	} else {
		kept := s.idle[line.server]
		if i := slices.Index(kept, line); i >= 0 {
			s.idle[line.server] = slices.Delete(kept, i, i+1)
		}
	}
	s.bound.give()
	s.servers.Count.CurrDedicated--
}

// Follow ends the connections to a server that has moved, because of err: those to other addresses than addrs, also
// while they are being made. One that waits for the address gets one that was looked up later.
func (s *Set) Follow(server int, addrs []loop.Endpoint, err error) {
	for _, line := range s.all() {
		at := line.conn.Endpoint()
		if line.server == server && at != (loop.Endpoint{}) && !slices.Contains(addrs, at) {
			line.end(err)
		}
	}
}

// Interrupt ends the waiting of all clients, because the pool is about to change.
func (s *Set) Interrupt() {
	for _, line := range s.all() {
		if line.user != nil {
			line.Interrupt()
		}
	}
}

// Leave ends all connections for good, because the pool is no longer served.
func (s *Set) Leave() {
	s.left = true
	for _, line := range s.all() {
		line.end(errLeft)
	}
}

// all returns all connections, so that some of them may end meanwhile.
func (s *Set) all() (lines []*Line) {
	for _, kept := range s.idle {
		lines = append(lines, kept...)
	}
	for line := range s.used {
		lines = append(lines, line)
	}
	return lines
}

// User is who has a Line.
type User interface {
	// Lost is called when the connection has ended. What was asked there gets its answer behind that.
	Lost(line *Line)
	// Message is called for each message, after Line.Listen. It is valid during the call, and may be changed.
	Message(message []byte)
	// Moved reports whether the user should have subscribed elsewhere, because the ring has changed.
	Moved() bool
}

// Line is a connection of a client's own to a server. Its rules: it is among Set.used exactly while it has a user,
// and is counted until it has ended. Nobody gets it again once it was interrupted, or was left with something that it
// holds for its user.
type Line struct {
	set    *Set
	conn   *backend.Conn
	server int
	user   User // nil: nobody has it
	id     int64
	ended  bool
	away   bool  // the server was out of use when Trim looked last
	since  int64 // loop time since which nobody has used it

	// Of the command that is under way:
	waits bool        // the server may let it wait
	keys  []uint32    // the hashes of its keys, and of those that are watched: all belong to this server, see Rehash
	limit *loop.Timer // the end of its time
	// within is how long that is, and replies how many had come on the connection before, see expire
	within  time.Duration
	replies uint64

	listens  bool // the user gets messages
	presence      // while it does

	changed bool // it is not as connections of the Set are: it speaks another version, or is in another database

	interrupted bool
	again       *loop.Timer // tries to interrupt it once more
}

// presence is when the server of a subscriber was heard last.
type presence struct {
	heard  int64 // loop time
	pinged bool  // the answer to a PING is missing
}

// ErrInterrupted is why a client waits no more if the server cannot be told to let it go on.
var ErrInterrupted = errors.New("the waiting was ended by the proxy")

func newLine(s *Set, server int) *Line {
	line := &Line{set: s, server: server}
	opt := s.servers.Conns[server].Options()
	opt.Timeout, opt.Lazy, opt.MaxJoint = 0, false, 1
	line.conn = backend.NewConn(s.l, opt, line)
	line.limit = loop.NewTimer(line.expire)
	return line
}

// Conn returns the connection, for requests.
func (line *Line) Conn() *backend.Conn { return line.conn }

// Server returns the index of the server.
func (line *Line) Server() int { return line.server }

// ask asks for the number by which the server knows the connection.
func (line *Line) ask() {
	line.conn.Send(nil, []byte("*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n"), ascii.ShapeLine, (*identified)(line), 0)
}

// identified takes the answer.
type identified Line

// OnReply implements backend.Receiver.
func (line *identified) OnReply(_ uint16, _ *backend.Conn, r *ascii.Reply) {
	if r.Kind != ascii.Lost {
		line.id, _ = resp.Integer(r.Raw)
		line.replies = line.conn.Stats.Replies // this one is not to a command of the user
	}
}

// Begin notes that a command is about to be sent, whose keys have these hashes. They are kept until the next one. It
// has to be answered within a time (see expire); 0: there is no limit. waits: the server may let it wait.
func (line *Line) Begin(keys []uint32, within time.Duration, waits bool) {
	line.waits, line.keys = waits, keys
	line.allow(within)
}

// allow sets the time for the answer; 0: there is no limit.
func (line *Line) allow(within time.Duration) {
	if within > 0 {
		line.within, line.replies = within, line.conn.Stats.Replies
		line.set.l.Set(line.limit, within)
	}
}

// expire ends the connection. If the command consists of many, such as a transaction, the server has its time again
// after each in which it has replied to any of them.
func (line *Line) expire() {
	if !line.waits && !line.interrupted && line.conn.Stats.Replies > line.replies {
		line.allow(line.within)
		return
	}
	line.end(line.late())
}

// Change notes that a command is about to be sent that changes the version of the protocol, or the database. Nobody
// gets the connection behind this user. The command has to be answered within a time; 0: there is no limit.
func (line *Line) Change(to resp.Proto, within time.Duration) {
	line.changed = true
	line.conn.Speak(to)
	line.allow(within)
}

// Answered notes that the command is answered.
func (line *Line) Answered() {
	line.waits = false
	line.set.l.Unset(line.limit)
}

// late is why a connection ends whose server does not answer.
func (line *Line) late() error {
	switch {
	case line.interrupted:
		return ErrInterrupted
	case !line.waits:
		return backend.ErrTimeout
	}
	return fmt.Errorf("%w: it keeps a client waiting for longer than it was told to", backend.ErrTimeout)
}

// Return gives the connection back. clean says that nothing is left there of what the client has done, and that its
// last command is Answered.
func (line *Line) Return(clean bool) {
	if line.ended {
		return
	}
	if clean && (line.waits || line.limit.IsSet()) {
		line.set.servers.Broken("a connection is given back whose command is not answered", nil)
		clean = false
	}
	line.keys, line.away = nil, false
	line.listens, line.presence = false, presence{}
	line.conn.Listen(nil)
	if !clean || line.changed || line.interrupted || !line.conn.Ready() || line.conn.Pending() > 0 {
		line.end(backend.ErrShutdown)
		return
	}
	line.set.keep(line)
}

// end ends the connection because of err.
func (line *Line) end(err error) { line.conn.Abort(err) }

// Recognized implements backend.Watcher.
func (line *Line) Recognized(*backend.Conn) bool { return true }

// Connected implements backend.Watcher.
func (line *Line) Connected(*backend.Conn) {}

// TimedOut implements backend.Watcher. There are no deadlines but limit.
func (line *Line) TimedOut(*backend.Conn) {}

// Disconnected implements backend.Watcher.
func (line *Line) Disconnected(*backend.Conn, error, bool) {
	if line.ended {
		return
	}
	line.ended = true
	line.set.l.Unset(line.limit)
	if line.again != nil {
		line.set.l.Unset(line.again)
	}
	line.set.forget(line)
	if line.user != nil {
		line.user.Lost(line)
	}
}

// A client that waits may have to go on: its pool changes, or another process takes over. If its connection were
// closed, the server might just have given it an item, which would be lost. So the server is asked, on the connection
// that all share, to let the client go on (CLIENT UNBLOCK). It answers the waiting command with an item, or with
// -UNBLOCKED.

const (
	// interruptTime limits how long that may take, or the deadline of the server if that is longer: one that is slow
	// may have sent an item. Then the connection is closed.
	interruptTime = time.Second
	// interruptPause is the time between two attempts. The first may arrive before the command that waits.
	interruptPause = 2 * time.Millisecond
)

// Interrupt has the server answer a command that waits. It does nothing if none does.
func (line *Line) Interrupt() {
	if !line.waits || line.interrupted {
		return
	}
	line.interrupted, line.again = true, loop.NewTimer(line.unblock)
	line.set.l.Set(line.limit, max(interruptTime, line.set.servers.Conns[line.server].Options().Timeout))
	line.unblock()
}

// unblock asks the server to let the client go on.
func (line *Line) unblock() {
	shared := line.set.servers.Conns[line.server]
	switch {
	case !line.waits:
	case !shared.Ready(), line.conn.Ready() && line.id == 0 && line.conn.Pending() == 1:
		line.end(ErrInterrupted)
	case line.id == 0: // the command may not have been sent yet
		line.set.l.Set(line.again, interruptPause)
	default:
		request := resp.AppendCommand(nil, "CLIENT", "UNBLOCK", strconv.FormatInt(line.id, 10), "ERROR")
		shared.Send(nil, request, ascii.ShapeLine, (*unblocked)(line), 0)
	}
}

// unblocked takes the answer.
type unblocked Line

// OnReply implements backend.Receiver.
func (u *unblocked) OnReply(_ uint16, _ *backend.Conn, r *ascii.Reply) {
	line := (*Line)(u)
	if line.ended || !line.waits {
		return
	}
	switch n, ok := resp.Integer(r.Raw); {
	case r.Kind == ascii.Lost, !ok:
		line.end(ErrInterrupted)
	case n == 0: // it is not known there, or is not waiting yet
		line.set.l.Set(line.again, interruptPause)
	}
}

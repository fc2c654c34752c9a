package replicas

import (
	"slices"

	"magent/backend"
	"magent/internal/loop"
)

// Set are the connections to replicas that one loop's part of a pool may read. Each server has the index that it has
// in the pool. Everything here belongs to the loop.
type Set struct {
	l       *loop.Loop
	servers []group
	left    bool // the pool was replaced: there are no connections any more
}

// group are the replicas of one server.
type group struct {
	opt     backend.Options // of the connections, but for the address
	read    []loop.Endpoint // those that may be read
	readers []*reader       // the same
	Reads
}

// Reads counts what was sent to replicas.
type Reads struct {
	Sent     uint64 // reads
	Repeated uint64 // those of them that the master was asked for then
}

// reader is the connection to one replica.
type reader struct {
	conn *backend.Conn
	out  bool // it has failed since Use was called last
}

// NewSet returns a Set without replicas. Connections to them are made as those to the masters are.
func NewSet(l *loop.Loop, masters []*backend.Conn) *Set {
	s := &Set{l: l, servers: make([]group, len(masters))}
	for i, c := range masters {
		opt := c.Options()
		opt.Dialer, opt.Lazy = nil, false
		s.servers[i].opt = opt
	}
	return s
}

// Pick returns a connection for a read of server i, or nil: the server itself has to be asked. A key with the same
// hash gets the same replica as long as the same ones may be read: a client does not see a value, and then an older
// one.
func (s *Set) Pick(i int, hash uint32) *backend.Conn {
	g := &s.servers[i]
	n := len(g.readers)
	if n == 0 {
		return nil
	}
	first := int(uint64(hash*0x9e3779b1) * uint64(n) >> 32) // not the bits that have picked the server
	for k := range n {
		r := g.readers[(first+k)%n]
		if !r.out && r.conn.Ready() && r.conn.Full() == backend.HasRoom {
			g.Sent++
			return r.conn
		}
	}
	return nil
}

// Repeat notes that a read is repeated on server i, because a replica could not answer it. refused: the replica has
// said so itself, so it gets no others for a moment.
func (s *Set) Repeat(i int, conn *backend.Conn, refused bool) {
	g := &s.servers[i]
	g.Repeated++
	for _, r := range g.readers {
		if r.conn == conn && refused {
			r.out = true
		}
	}
}

// Use has the replicas at these addresses read for server i, and no others. It is called once a second: a replica that
// has failed is tried again then. What others have not answered is lost.
func (s *Set) Use(i int, read []loop.Endpoint) {
	if s.left {
		return
	}
	g := &s.servers[i]
	before := g.readers
	g.read, g.readers = read, nil
	for _, at := range read {
		n := slices.IndexFunc(before, func(r *reader) bool { return r != nil && r.conn.Options().Endpoint == at })
		if n < 0 {
			g.readers = append(g.readers, s.newReader(g.opt, at))
			continue
		}
		g.readers = append(g.readers, before[n])
		before[n].out, before[n] = false, nil
	}
	for _, r := range before {
		if r != nil {
			r.conn.Abort(backend.ErrMoved)
		}
	}
	for _, r := range g.readers {
		if !r.conn.Ready() {
			r.conn.Leave() // nothing that was sent there has to arrive before anything else
			r.conn.Connect()
		}
	}
}

func (s *Set) newReader(opt backend.Options, at loop.Endpoint) *reader {
	r := &reader{}
	opt.Endpoint, opt.Name = at, at.String()
	r.conn = backend.NewConn(s.l, opt, r)
	return r
}

// InUse returns the replicas of server i that may be read. The caller does not change them.
func (s *Set) InUse(i int) []loop.Endpoint { return s.servers[i].read }

// ReadsOf returns what was counted for server i.
func (s *Set) ReadsOf(i int) *Reads { return &s.servers[i].Reads }

// Trim releases memory that is kept for reuse, and not needed now.
func (s *Set) Trim() {
	for i := range s.servers {
		for _, r := range s.servers[i].readers {
			r.conn.Trim()
		}
	}
}

// Leave ends all connections for good.
func (s *Set) Leave() {
	for i := range s.servers {
		s.Use(i, nil)
	}
	s.left = true
}

// Recognized implements backend.Watcher: nothing is sent before there is a connection.
func (r *reader) Recognized(*backend.Conn) bool { return true }

// Connected implements backend.Watcher.
func (r *reader) Connected(*backend.Conn) {}

// Disconnected implements backend.Watcher. The next Use connects again.
func (r *reader) Disconnected(*backend.Conn, error, bool) {}

// TimedOut implements backend.Watcher.
func (r *reader) TimedOut(*backend.Conn) { r.out = true }

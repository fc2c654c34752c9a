package stats

import (
	"cmp"
	"time"
)

// Snapshot is what one loop knows at one moment, or the sum over all loops.
type Snapshot struct {
	Counters                  // of all pools
	Pools          []Counters // of each pool, in the order of the configuration
	ActiveRequests int64      // requests of clients that are not answered yet
	Servers        []Server   // of all pools, in the order of the configuration; the same order on every loop
	Loops          []Loop     // in their order
}

// Loop is one event loop.
type Loop struct {
	Clients int
	Turns   int64
	Busy    time.Duration // what all turns took: for as long whatever was ready had to wait
	Longest time.Duration // the longest turn of the last minute, about
}

// Server is one server of one pool.
type Server struct {
	Pool      string
	Address   string
	Role      string // primary or backup
	State     string // of the loop where it is worst
	Connected int    // connections that stand
	Pending   int    // requests in flight
	Requests  uint64
	Replies   uint64
	Errors    uint64 // requests without a reply
	Timeouts  uint64 // of these: the deadline passed
	Ejections uint64
	DirtyKeys int // keys that it has to make good
	Draining  int // lost connections whose end is waited for
	DirtyAll  int // loops for which all its keys are
	Identity  string

	Meta       string // which meta commands it has: full, old, none; empty: not known
	Unfillable string // why it came back empty and cannot be filled

	Repairs    uint64 // dirty keys that were made good
	Refills    uint64 // keys that it lacked and got
	Avoided    uint64 // reads of keys that are dirty on it, which went to the other copy
	CasRefused uint64
	RefillSeen int64 // while it is being filled: items of the other copies seen, and in all
	RefillAll  int64
	RefillLeft time.Duration // about the time that is left

	Connects  uint64
	Sent      uint64 // bytes
	Received  uint64
	Latency   time.Duration // moving average from request to reply
	LastError string

	Name            string // in the ring, if it was given one
	RingName        string // in the ring in any case: what twemproxy calls the server
	EOFs            uint64 // connections that it closed
	Failures        uint64 // connections, and attempts to make one, that failed in another way
	ConnectTimeouts uint64 // attempts that took too long
	EjectedAt       int64  // when it was ejected last, in microseconds since 1970; 0: never
	Unsent          int    // requests in flight that are not written completely, and their bytes that are not
	UnsentBytes     int
	Awaited         int // requests in flight that are, and their bytes
	AwaitedBytes    int

	Waited Histogram // replies, by the time since their requests
	Stored Stored    // known to the first loop alone
}

// Add adds another loop's snapshot to s.
func (s *Snapshot) Add(o *Snapshot) {
	s.Counters.Add(&o.Counters)
	s.ActiveRequests += o.ActiveRequests
	s.Loops = append(s.Loops, o.Loops...)
	if len(s.Servers) != len(o.Servers) || len(s.Pools) != len(o.Pools) { // the first one, or the pools have just changed
		s.Pools = append([]Counters(nil), o.Pools...)
		s.Servers = append([]Server(nil), o.Servers...)
		return
	}
	for i := range s.Pools {
		s.Pools[i].Add(&o.Pools[i])
	}
	for i := range s.Servers {
		s.Servers[i].add(&o.Servers[i])
	}
}

func (s *Server) add(o *Server) {
	if total := s.Replies + o.Replies; total > 0 {
		share := float64(o.Replies) / float64(total)
		s.Latency = time.Duration(float64(s.Latency)*(1-share) + float64(o.Latency)*share)
	}
	if s.State == "up" {
		s.State = o.State
	}
	if s.LastError == "" {
		s.LastError = o.LastError
	}
	s.Meta, s.Unfillable = cmp.Or(s.Meta, o.Meta), cmp.Or(s.Unfillable, o.Unfillable)
	s.Connected += o.Connected
	s.Pending += o.Pending
	s.Requests += o.Requests
	s.Replies += o.Replies
	s.Errors += o.Errors
	s.Timeouts += o.Timeouts
	s.Ejections += o.Ejections
	s.DirtyKeys += o.DirtyKeys
	s.DirtyAll += o.DirtyAll
	s.Draining += o.Draining
	s.Repairs += o.Repairs
	s.Refills += o.Refills
	s.Avoided += o.Avoided
	s.CasRefused += o.CasRefused
	s.RefillSeen += o.RefillSeen
	s.RefillAll += o.RefillAll
	s.RefillLeft = max(s.RefillLeft, o.RefillLeft)
	s.Connects += o.Connects
	s.Sent += o.Sent
	s.Received += o.Received
	s.Waited.Add(&o.Waited)
	s.EOFs += o.EOFs
	s.Failures += o.Failures
	s.ConnectTimeouts += o.ConnectTimeouts
	s.EjectedAt = max(s.EjectedAt, o.EjectedAt)
	s.Unsent += o.Unsent
	s.UnsentBytes += o.UnsentBytes
	s.Awaited += o.Awaited
	s.AwaitedBytes += o.AwaitedBytes
	s.Stored.At += o.Stored.At
	s.Stored.add(&o.Stored)
}

// Process is what the whole process has in common.
type Process struct {
	PID        int
	Host       string
	Release    string // of the program
	Version    string // what clients get for the command version
	Now        time.Time
	Started    time.Time
	UserTime   time.Duration // processor time
	SystemTime time.Duration
	Threads    int
	MaxClients int
	Accepting  bool
	MaxValue   int
	Draining   bool
	Pools      []Pool

	JournalErrors uint64 // times that --state-dir could not be written to
	Reloads       uint64 // of the configuration
	ReloadErrors  uint64 // times that it was not taken
}

// Pool is the part of a pool's configuration that is shown.
type Pool struct {
	Name           string
	Listen         []string
	Distribution   string
	Hash           string
	HashTag        string
	MaxValue       int
	MaxClients     int // of this pool; 0: no limit of its own
	Ack            string
	Timeout        time.Duration
	ConnectTimeout time.Duration
	FailureLimit   int
	ProbeInterval  time.Duration
	Moves          bool // the keys of a server that is out of use move to the others
}

// Event is a change of state.
type Event struct {
	Time   time.Time `json:"time"`
	Pool   string    `json:"pool,omitempty"`
	Server string    `json:"server,omitempty"`
	Role   string    `json:"role,omitempty"` // of the server: primary or backup
	What   string    `json:"what"`           // a word or two
	Reason string    `json:"reason,omitempty"`
}

package stats

import (
	"cmp"
	"time"
)

// Snapshot has the figures of one loop at one moment, or the sum over all loops.
type Snapshot struct {
	Counters                  // sums over all pools
	Pools          []Counters // by pool, in the order of the configuration
	ActiveRequests int64      // requests of clients without an answer so far
	Servers        []Server   // of all pools, in the order of the configuration, which is the same on all loops
	Loops          []Loop     // by number
}

// Loop is one event loop.
type Loop struct {
	Clients int
	Turns   int64
	Busy    time.Duration // total time of all turns, during which other events had to wait
	Longest time.Duration // the longest turn in about the last minute
}

// Forwarded is the role of a primary in a fleet whose keys another member decides for. Its figures are those of the
// requests that are handed to that member.
const Forwarded = "forwarded"

// Server is one server of one pool.
type Server struct {
	Pool    string
	Address string
	Role    string // primary, backup, or Forwarded
	// State is up if it is up on all loops, else the state on the first loop where it is not.
	State     string
	Drained   *Drained // nil: it is not
	Connected int      // established connections
	Pending   int      // requests in flight
	Requests  uint64
	Replies   uint64
	Errors    uint64 // requests without a reply
	Timeouts  uint64 // those of them that missed the deadline
	Ejections uint64
	DirtyKeys int // keys to be repaired
	Draining  int // lost connections whose end is awaited
	DirtyAll  int // number of loops for which all its keys are dirty
	Identity  string

	Meta       string // form of its meta commands: full, old or none; empty: not known
	Unfillable string // why it came back empty and cannot be refilled

	Repairs    uint64 // dirty keys that were repaired
	Refills    uint64 // keys that it lacked and was given
	Avoided    uint64 // reads that went to the other copy, because the key is dirty on this one
	CasRefused uint64
	RefillSeen int64 // during a refill: items of the other copies processed, and in all
	RefillAll  int64
	RefillLeft time.Duration // estimated time that is left

	// With read_from: the replicas of the server that are read, and the reads that they were asked for. The last is
	// how many of these the server was asked for then, because a replica did not answer.
	Replicas       []string
	ReplicaReads   uint64
	ReplicaRepeats uint64

	Connects  uint64
	Sent      uint64 // bytes
	Received  uint64
	Latency   time.Duration // moving average of the time from request to reply
	LastError string

	Name            string // its name in the ring, if the configuration has one
	RingName        string // its name in the ring in any case; twemproxy calls the server so
	EOFs            uint64 // connections that it closed
	Failures        uint64 // connections, and attempts to make one, that failed in another way
	ConnectTimeouts uint64 // attempts to connect that took too long
	EjectedAt       int64  // time of the last ejection, in microseconds since 1970; 0: never
	Unsent          int    // requests in flight that are not written completely, and the bytes left to write
	UnsentBytes     int
	Awaited         int // the other requests in flight, and their bytes
	AwaitedBytes    int

	Waited Histogram // replies, by the time since their requests
	Stored Stored    // set by the first loop only
	Weight int       // in the ring
	Needed uint64    // a backup: the bytes that it has to be able to hold (Measure); 0: not known
	Check  Check
	Since  int64 // when it was last taken out of use, or used again, as EjectedAt; 0: not known
}

// Drained says who has drained a server.
type Drained struct {
	Since  int64  `json:"since"` // seconds since 1970
	By     string `json:"by"`    // a user, or the file of pools
	Reason string `json:"reason,omitempty"`
}

// String says by whom and why.
func (d *Drained) String() string {
	if d.Reason == "" {
		return "by " + d.By
	}
	return "by " + d.By + ": " + d.Reason
}

// Add adds another loop's snapshot to s.
func (s *Snapshot) Add(o *Snapshot) {
	s.Counters.Add(&o.Counters)
	s.ActiveRequests += o.ActiveRequests
	s.Loops = append(s.Loops, o.Loops...)
	// This is the first one, or the pools have just changed
	if len(s.Servers) != len(o.Servers) || len(s.Pools) != len(o.Pools) {
		s.Pools = append([]Counters(nil), o.Pools...)
		s.Servers = append([]Server(nil), o.Servers...)
		return
	}
	for i := range s.Pools {
		s.Pools[i].Add(&o.Pools[i])
	}
	for i := range s.Servers {
		s.Servers[i].Add(&o.Servers[i])
	}
}

// Add adds the figures that another loop, or group of a fleet, has of the same server.
func (s *Server) Add(o *Server) {
	if total := s.Replies + o.Replies; total > 0 {
		share := float64(o.Replies) / float64(total)
		s.Latency = time.Duration(float64(s.Latency)*(1-share) + float64(o.Latency)*share)
	}
	if s.State == StateUp || s.State == "" { // else this loop has something to say of it
		s.State = cmp.Or(o.State, s.State)
	}
	if s.LastError == "" {
		s.LastError = o.LastError
	}
	if s.Drained == nil {
		s.Drained = o.Drained
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
	if s.Replicas == nil {
		s.Replicas = o.Replicas
	}
	s.ReplicaReads += o.ReplicaReads
	s.ReplicaRepeats += o.ReplicaRepeats
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
	s.EjectedAt, s.Since = max(s.EjectedAt, o.EjectedAt), max(s.Since, o.Since)
	s.Check = s.Check.Later(o.Check)
	s.Unsent += o.Unsent
	s.UnsentBytes += o.UnsentBytes
	s.Awaited += o.Awaited
	s.AwaitedBytes += o.AwaitedBytes
	s.Stored.At += o.Stored.At
	s.Stored.add(&o.Stored)
}

// Process has the figures that are not about a loop.
type Process struct {
	PID        int
	Host       string
	Release    string // version of the program
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
	Standby    bool   // another machine has the address of --vip
	VIP        string // that address; empty: there is none, or a fleet decides
	Pools      []Pool
	Fleet      *Fleet // what this process knows of its fleet; nil: it is in none

	JournalErrors uint64 // failed writes to --state-dir
	Reloads       uint64 // of the configuration
	ReloadErrors  uint64 // reloads that were refused or failed
}

// Pool has the parts of a pool's configuration that are shown.
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
	ServerAuth     bool // servers are told a user and a password
	Auth           bool // clients have to name a user and a password
	TLS            bool // clients may speak TLS, or have to
	ServerTLS      bool // servers are spoken to by TLS
	Moves          bool // keys of an ejected server move to the others
}

// Event is a change of state.
type Event struct {
	Time   time.Time `json:"time"`
	Pool   string    `json:"pool,omitempty"`
	Server string    `json:"server,omitempty"` // its address
	Name   string    `json:"name,omitempty"`   // the server's in the ring, if the configuration has one
	Role   string    `json:"role,omitempty"`   // of the server: primary or backup
	What   string    `json:"what"`             // a state of a server, or a few words
	Reason string    `json:"reason,omitempty"`
}

// stored returns the sum over all servers that have reported, including both copies of items, with the
// time of the oldest report.
func (s *Snapshot) stored() (sum Stored) {
	for i := range s.Servers {
		one := &s.Servers[i].Stored
		if one.At == 0 {
			continue
		}
		if sum.At == 0 || one.At < sum.At {
			sum.At = one.At
		}
		sum.add(one)
	}
	return sum
}

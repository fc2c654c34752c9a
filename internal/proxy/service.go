package proxy

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/config"
	"magent/internal/discover"
	"magent/internal/fleet/gate"
	"magent/internal/handshake"
	"magent/internal/journal"
	"magent/internal/loop"
	"magent/internal/maintenance"
	"magent/internal/owner"
	"magent/internal/pool"
	"magent/internal/service"
	"magent/internal/session"
	"magent/internal/stats"
	"magent/internal/vip"
)

// Options of a Service.
type Options struct {
	Config  config.Config
	Log     zerolog.Logger
	Version string // what clients get for the command version
	Release string // of the program

	StoredEvery time.Duration // how often servers are asked what they store; 0: they are not

	Sockets []Socket // that listen already; the Service takes them over, also when Start fails
	// Commanded is that of owner.Options; nil: members of a fleet are refused.
	Commanded func(ctx context.Context, from string, body []byte) []byte
	// ReadAgain is Reload of owner.Options.
	ReadAgain func(ctx context.Context) error
	Ending    context.Context // that of service.Given; nil: it is never done
	// Called when all addresses are bound, before the journal is opened; nil: no process is to be taken over from.
	TakeOver func() error

	// Gives a file of Config.StateDir to the user as whom the process will go on; nil: not needed.
	Give  func(*os.File) error
	Files []string // other files of the process, which may be in Config.StateDir

	lookup    discover.LookupFunc // in tests; else the system's
	maxJoint  int                 // in tests; else maxJoint
	window    int                 // in tests; else windowStart
	gate      *gate.Gate          // in tests; else that of the fleet, if there is one
	flushable time.Duration       // in tests; else pool.Flushable
	ownerWait time.Duration       // in tests; else pool.OwnerWaitOf
	homeAfter time.Duration       // in tests; else that of a fleet
}

// Service is a running proxy: its loops, listeners and helpers.
type Service struct {
	cfg     config.Config
	shared  pool.Process
	group   *session.Group
	log     zerolog.Logger
	release string

	cfgs      []*config.Pool   // of the pools, by their index, groups behind the others; nil: it was removed
	drained   maintenance.List // by operators; changed like cfgs
	reloads   int              // how many there were; changed while the loops stand still
	shards    []*session.Shard
	still     sync.Mutex // held while the loops stand still
	listeners []*listener
	given     []Socket // that no pool has asked for yet
	tls       handshake.Store
	shaking   atomic.Int64 // handshakes with clients that are under way
	shakeTime time.Duration
	liveness  liveness
	place     journal.Place // of it

	reloadErrors  atomic.Uint64
	journalErrors atomic.Uint64
	draining      atomic.Bool // or giving up in favour of another process
	reserveFD     int         // given up when no other descriptor is left; the first loop's
	giving        atomic.Bool // giveBack is at work

	doubts      []discover.Doubt // at the start
	storedEvery time.Duration
	storedAsks  chan []storedAsk
	storedTimer *loop.Timer     // of the first loop
	role        *vip.Watcher    // nil: there is no virtual address
	ctx         context.Context // of the helpers
	stop        context.CancelFunc
	ending      context.Context // Options.Ending
	loops       sync.WaitGroup
	helpers     sync.WaitGroup
	dead        chan error

	// fleet gives what this process knows of its fleet, to any goroutine; nil: it is in none. It is set before the
	// loops run.
	fleet  func() *stats.Fleet
	member *owner.Owner // nil: this is no member of a fleet
	turn   *owner.Turn  // of its pools, that is not taken over yet; nil: there is none
	bound  []*listener  // of turn: at addresses that its pools get, which accept nothing yet
}

// Addrs returns the bound addresses. In place of port 0 they have the port that the kernel chose.
func (svc *Service) Addrs() []string {
	var out []string
	for _, ln := range svc.listeners {
		out = append(out, ln.addr.String())
	}
	return out
}

// AddrsOf returns the bound addresses of one pool.
func (svc *Service) AddrsOf(pool int) []string {
	var out []string
	for _, ln := range svc.listeners {
		if ln.pool == pool {
			out = append(out, ln.addr.String())
		}
	}
	return out
}

// Warnings returns what was wrong at the start without preventing it. It has been logged.
func (svc *Service) Warnings() (texts []string) {
	for _, d := range svc.doubts {
		texts = append(texts, d.String())
	}
	return texts
}

// Err delivers the error of a loop that could not go on.
func (svc *Service) Err() <-chan error { return svc.dead }

func (svc *Service) died(err error) {
	select {
	case svc.dead <- err:
	default:
	}
}

// listener accepts the clients of a pool on the first loop. Each new client goes to the loop with the fewest clients.
// (Measured against a listener per loop with SO_REUSEPORT, see test/bench/RESULTS.md: there the kernel's hash spreads
// a few clients badly.)
type listener struct {
	svc  *Service
	sh   *session.Shard
	pool int // its index
	cfg  config.Listen
	fd   int
	addr loop.Endpoint
	end  *handshake.End // nil: clients speak plain text
	file service.SocketFile

	given   bool        // bound by another process, which may go on with it
	foreign bool        // what bound it first will use it again
	wake    *loop.Timer // set: the listener rests
}

// Socket is a socket that listens already.
type Socket struct {
	FD      int
	Foreign bool // whoever made it will use it again: its file, if it is a unix socket, stays
}

// storedAsk is a server that is to be asked for its contents.
type storedAsk struct {
	p      *pool.Pool // of the first loop
	server int
	at     loop.Endpoint
}

// liveness asks the loops for a sign of life: a task that they run. A loop that owes one is not asked again.
type liveness struct {
	mu   sync.Mutex
	owed []chan struct{} // by loop: closed when it comes; nil: none was asked for
}

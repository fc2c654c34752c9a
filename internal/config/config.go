package config

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Config is the validated configuration of a process, as plain values.
type Config struct {
	Pools []Pool

	Threads    int           // number of event loops
	MaxClients int           // client connections of the process; more are refused with an error line
	MaxValue   int           // bytes; a larger value is refused before it is read
	MaxDirty   int           // dirty keys per server; with more, all of its keys are dirty
	StateDir   string        // folder of the journal; empty: no journal
	DrainTime  time.Duration // how long SIGTERM waits for requests in flight

	RequestTimeout time.Duration // limit for a client's silence within a request; 0: no limit
	IdleTimeout    time.Duration // limit for a client's silence between two requests; 0: no limit

	Slow     time.Duration // requests that take this long are logged; 0: none are
	SlowKeys bool          // the log has their keys, instead of hashes of them

	ResolveInterval time.Duration // how often the name of a connected server is looked up again; 0: never
	VIP             netip.Addr    // an address that only one of several proxies has; not valid: none
	Fleet           *Fleet        // the proxies that act as one; nil: this one is alone
}

// Pool is a ring of primaries, optionally one of backups, and the listeners in front of them.
type Pool struct {
	Name    string
	Listen  []Listen
	Servers []Address // primaries
	Backups []Address
	Drained []Drain // those of them that are in maintenance, in any order

	Hash string // a name for ring.HashByName
	// HashTag has two bytes, or none. If a key contains both, only the text between them is hashed.
	HashTag      string
	Distribution string // a name for ring.New
	Ack          Ack

	Timeout            time.Duration // for one reply; 0: no limit
	ConnectTimeout     time.Duration
	ServerFailureLimit int
	AutoEject          bool          // without backups: the keys of an ejected server move to the others
	ServerRetryTimeout time.Duration // with AutoEject: minimum time that a server stays ejected
	ProbeInterval      time.Duration
	RefillRate         int // keys per second for a server that came back empty; 0: no limit

	// MaxValue is the size of a value in bytes. 0 stands for that of the process. In a Redis pool it is the size of
	// an argument, and never 0.
	MaxValue          int
	MaxDirty          int // as in Config; 0: that of the process
	ClientConnections int // clients of this pool; 0: limited by the process only

	// HotCache is the size in bytes of the memory for values that are asked for most; 0: none. They are used for
	// HotRefresh at most before the server is asked again. Not in a Redis pool.
	HotCache   int
	HotRefresh time.Duration

	ServerAuthFile string // of the user and password that servers are told; empty: none
	AuthFile       string // of the users and passwords of clients; empty: none is asked for

	// Servers are spoken to by TLS. Files in PEM: who has to have issued their certificates, else the system's
	// authorities; the certificate that they are shown, and its key, else none. ServerTLSName is what their
	// certificates have to be for, else the host of each.
	ServerTLS                   bool
	ServerTLSCA                 string
	ServerTLSCert, ServerTLSKey string
	ServerTLSName               string

	// Files in PEM by which clients speak TLS, where a Listen says so: the certificate and its key, and who has to
	// have issued a certificate of theirs. Empty: nobody speaks TLS; they show no certificate.
	TLSCert, TLSKey string
	TLSClientCA     string

	ServerConnections int  // ignored: one pipelined connection per loop carries all requests
	Preconnect        bool // ignored: connections are always made at the start

	Redis     bool   // clients and servers speak Redis' protocol instead of memcached's; there are no Backups then
	RedisAuth string // password that clients have to give, and that servers get; empty: none
	RedisDB   int    // number of the database that connections to servers select
	Databases bool   // clients may select other databases than RedisDB
	Dedicated int    // connections to servers that clients do not share, in a Redis pool
	// ReadFrom says where reads of a Redis pool go; empty: to the masters. Unless they go there, all its Servers are
	// masters of Sentinels.
	ReadFrom ReadFrom
	// Of is set in a group of a member of a fleet (placement.Groups): the pool whose keys it has a share of. Those are
	// the keys of the primary with the index Share there. Clients connect to that pool, never to a group.
	Of    *Pool
	Share int

	// CompatClose closes the connection silently on an unknown command or a wrong number of
	// arguments, like twemproxy.
	CompatClose bool
	// CompatErrors gives errors of the proxy's own the words of twemproxy, which programs compare.
	CompatErrors bool
}

// Drain says that a server is in maintenance: it is used for nothing.
type Drain struct {
	Server string // Address.String
	By     string // the user who has asked for it; empty: the file of pools does
	Reason string // in that user's words; may be empty
	Since  int64  // seconds since 1970; 0: it has just been read from the file
}

// Who returns who has asked for it.
func (d *Drain) Who() string {
	if d.By == "" {
		return "the file of pools"
	}
	return d.By
}

// String says by whom, since when and why.
func (d *Drain) String() string {
	text := fmt.Sprintf("by %s since %s", d.Who(), time.Unix(d.Since, 0).Format("2 Jan 15:04:05"))
	if d.Reason != "" {
		text += ": " + d.Reason
	}
	return text
}

// DrainOf returns the entry of Drained for a server; nil: it is not drained.
func (p *Pool) DrainOf(server string) *Drain {
	if i := slices.IndexFunc(p.Drained, func(d Drain) bool { return d.Server == server }); i >= 0 {
		return &p.Drained[i]
	}
	return nil
}

// Find returns the server with an address, which may lack a port of 11211, or with a name in the ring; nil: there is
// none.
func (p *Pool) Find(server string) *Address {
	for _, list := range [][]Address{p.Servers, p.Backups} {
		for i := range list {
			if a := &list[i]; a.String() == server || a.Name == server && server != "" || a.isAt(server) {
				return a
			}
		}
	}
	return nil
}

// At reports whether the pool has a server with an address, as Address.String has it. nil has none.
func (p *Pool) At(address string) bool { return p != nil && p.RoleOf(address) != "" }

// RoleOf returns the role of the server with an address: primary or backup; "": it is not in the pool.
func (p *Pool) RoleOf(address string) string {
	is := func(a Address) bool { return a.String() == address }
	switch {
	case slices.ContainsFunc(p.Servers, is):
		return "primary"
	case slices.ContainsFunc(p.Backups, is):
		return "backup"
	}
	return ""
}

// isAt reports whether text is another way to write the address.
func (a *Address) isAt(text string) bool {
	other, err := ParseAddress(text)
	return err == nil && other.String() == a.String()
}

// OnlySockets reports whether all servers listen on unix sockets, which are never encrypted.
func (p *Pool) OnlySockets() bool {
	tcp := func(a Address) bool { return a.Network != "unix" }
	return !slices.ContainsFunc(p.Servers, tcp) && !slices.ContainsFunc(p.Backups, tcp)
}

// Listen is an address that clients connect to.
type Listen struct {
	Network   string // "tcp" or "unix"
	Address   string // host:port with a numeric host, or a path
	Mode      uint32 // permission of a unix socket; 0: as the umask says
	Backlog   int
	KeepAlive bool // SO_KEEPALIVE for connections of clients
	TLS       bool // clients have to speak TLS
	ReusePort bool // SO_REUSEPORT: several processes may listen there
}

// Ack says which copies must have answered a mutation before the client gets its reply.
type Ack string

// The ways to acknowledge a mutation.
const (
	AckAll     Ack = "all"     // primary and backup
	AckPrimary Ack = "primary" // the primary alone; the backup's reply is awaited after the client has its own
)

// ReadFrom says which servers are asked for what changes nothing.
type ReadFrom string

// Where reads go.
const (
	ReadMaster  ReadFrom = "master"  // to the master of the key
	ReadReplica ReadFrom = "replica" // to its replicas, as long as one is in step
	ReadNearest ReadFrom = "nearest" // to the nearest of both
)

// Elsewhere reports whether reads may go to replicas.
func (f ReadFrom) Elsewhere() bool { return f == ReadReplica || f == ReadNearest }

// Random is the distribution that ignores the key. It cannot be used with backups, because it would not
// find their copies again.
const Random = "random"

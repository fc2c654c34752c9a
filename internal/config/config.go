package config

import (
	"net/netip"
	"time"
)

// Config is everything a process needs to know, validated, as plain values.
type Config struct {
	Pools []Pool

	Threads    int           // event loops
	MaxClients int           // client connections of the whole process; more are refused with an error line
	MaxValue   int           // bytes; a larger value is refused before it is read
	MaxDirty   int           // keys that one server has missed; more, and all of its keys count as missed
	StateDir   string        // folder of the journal; empty: none
	DrainTime  time.Duration // how long SIGTERM waits for requests in flight

	RequestTimeout time.Duration // from the last byte of a request in part to the next; 0: any
	IdleTimeout    time.Duration // between two requests of a client; 0: any

	Slow     time.Duration // a request that takes as long is logged; 0: none is
	SlowKeys bool          // with its key, not with a hash of it

	ResolveInterval time.Duration // between two look-ups of a server's name while it is connected to; 0: none
	VIP             netip.Addr    // that one of several proxies has; not valid: there is none
}

// Pool is one ring of primaries, optionally one of backups, and the listeners in front of them.
type Pool struct {
	Name    string
	Listen  []Listen
	Servers []Address // primaries
	Backups []Address

	Hash         string // a name that backend.HashByName knows
	HashTag      string // two bytes: of a key that has both, only what stands between them is hashed; empty: none
	Distribution string // a name that backend.NewRing knows
	Ack          Ack

	Timeout            time.Duration // one reply; 0: it is waited for without end
	ConnectTimeout     time.Duration
	ServerFailureLimit int
	AutoEject          bool          // without backups: the keys of a server that is out of use move to the others
	ServerRetryTimeout time.Duration // with AutoEject: how long it stays out at least
	ProbeInterval      time.Duration
	RefillRate         int // keys a second that a server is given which came back empty; 0: as fast as it goes

	MaxValue          int // bytes; 0: that of the process. In a Redis pool of one argument of a command, and never 0
	MaxDirty          int // 0: that of the process
	ClientConnections int // clients of this pool; 0: as many as the process takes

	ServerConnections int  // without effect: one pipelined connection for each loop carries all requests
	Preconnect        bool // without effect: connections are made at the start

	Redis       bool   // its clients and servers speak Redis's protocol, not memcached's; there are no Backups then
	RedisAuth   string // password that clients have to say, and that is said to servers; empty: none
	RedisDB     int    // number of the database that connections to servers select
	CompatClose bool   // an unknown command or a wrong number of arguments closes the connection silently, as in twemproxy
}

// Listen is one address that clients connect to.
type Listen struct {
	Network   string // "tcp" or "unix"
	Address   string // host:port with a numeric host, or a path
	Mode      uint32 // permission of a unix socket; 0: as the umask has it
	Backlog   int
	KeepAlive bool // SO_KEEPALIVE on the connections of clients
	ReusePort bool // SO_REUSEPORT: several processes may listen there
}

// Ack says which copies must have answered a mutation before the client gets its reply.
type Ack string

// The two ways to acknowledge a mutation.
const (
	AckAll     Ack = "all"     // primary and backup
	AckPrimary Ack = "primary" // the primary alone; the backup's answer is awaited behind the client's back
)

// Random is the distribution that does not look at the key. It places no second copies: they would not be found again.
const Random = "random"

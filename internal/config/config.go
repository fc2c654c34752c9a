package config

import "time"

// Config is everything a process needs to know, validated, as plain values.
type Config struct {
	Pools []Pool

	Threads    int           // event loops
	MaxClients int           // client connections of the whole process; more are refused with an error line
	MaxValue   int           // bytes; a larger value is refused before it is read
	MaxDirty   int           // keys that one server has missed; more, and all of its keys count as missed
	StateDir   string        // folder of the journal; empty: none
	DrainTime  time.Duration // how long SIGTERM waits for requests in flight
}

// Pool is one ring of primaries, optionally one of backups, and the listeners in front of them.
type Pool struct {
	Name    string
	Listen  []Listen
	Servers []Address // primaries
	Backups []Address

	Hash         string // a name that backend.HashByName knows
	Distribution string // a name that backend.NewRing knows
	Ack          Ack

	Timeout            time.Duration // one reply
	ConnectTimeout     time.Duration
	ServerFailureLimit int
	AutoEject          bool          // without backups: the keys of a server that is out of use move to the others
	ServerRetryTimeout time.Duration // with AutoEject: how long it stays out at least
	ProbeInterval      time.Duration
	RefillRate         int // keys a second that a server is given which came back empty; 0: as fast as it goes
}

// Listen is one address that clients connect to.
type Listen struct {
	Network string // "tcp" or "unix"
	Address string // host:port with a numeric host, or a path
	Mode    uint32 // permission of a unix socket
	Backlog int
}

// Ack says which copies must have answered a mutation before the client gets its reply.
type Ack string

// The two ways to acknowledge a mutation.
const (
	AckAll     Ack = "all"     // primary and backup
	AckPrimary Ack = "primary" // the primary alone; the backup's answer is awaited behind the client's back
)

package pool

import (
	"time"

	"magent/backend/hello"
	"magent/internal/config"
	"magent/resp"
)

// Fixed limits. They bound what clients can make the proxy hold, and are far above what it needs to be fast.
const (
	// MaxAssembly bounds, for all clients of a loop, the bytes of requests that have not arrived completely, or that
	// wait for their EXEC.
	MaxAssembly = 256 << 20
	MaxJoint    = 64 // keys of gets that share a command line to a server

	maxLine         = 1 << 20  // bytes of a command line: about 4000 keys of 250 bytes
	MaxServerQueue  = 64 << 10 // requests in flight to one server
	maxServerUnsent = 64 << 20 // bytes that wait for a server's socket, beside one value

	// DrainTime is how long the end of a lost connection is waited for before a new one is made. If the end was not
	// seen by then, the new one waits for Quarantine.
	DrainTime  = 3 * time.Second
	Quarantine = time.Second

	// Flushable is the time after which memcached counts an item as older than the second of a flush_all.
	Flushable = 3 * time.Second
)

// Redis's own limits: elements of a request, and bytes of an inline command.
const (
	maxRedisArgs   = 1 << 20
	maxRedisInline = 64 << 10
)

// RedisLimitsOf returns the limits of requests in a Redis pool whose largest element has so many bytes.
func RedisLimitsOf(maxBulk int) resp.Limits {
	return resp.Limits{
		MaxBulk: maxBulk, MaxArgs: maxRedisArgs, MaxInline: maxRedisInline,
		MaxSize: max(MaxAssembly, 2*maxBulk),
	}
}

// loginOf returns what a new connection to a server of the pool sends first. The connection speaks proto.
func loginOf(cfg *config.Pool, proto resp.Proto) *hello.Login {
	if !cfg.Redis {
		return nil
	}
	return &hello.Login{Password: cfg.RedisAuth, DB: cfg.RedisDB, Proto: proto}
}

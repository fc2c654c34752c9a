package pool

import (
	"time"

	"magent/backend"
	"magent/internal/config"
	"magent/resp"
)

// Limits that are no options: they bound what clients can make the proxy hold, and are far away from what it needs to be fast.
const (
	MaxAssembly = 256 << 20 // bytes of requests that have not arrived completely, or wait for their EXEC, all clients of a loop together
	MaxJoint    = 64        // keys of gets that share a command line on their way to a server

	maxLine         = 1 << 20         // a command line; about 4000 keys of 250 bytes
	MaxServerQueue  = 64 << 10        // requests in flight to one server
	maxServerUnsent = 64 << 20        // bytes that wait for a server's socket, and one value beside them
	DrainTime       = 3 * time.Second // the end of a lost connection to a server is waited for before a new one is made
	Quarantine      = time.Second     // and if it was not seen, the new one waits
	Flushable       = 3 * time.Second // after which an item is older than the second of a flush_all, as memcached counts
)

// Redis's own limits: of elements, and of an inline command.
const (
	maxRedisArgs   = 1 << 20
	maxRedisInline = 64 << 10
)

// RedisLimitsOf are those of requests in a Redis pool, of which so many bytes are the largest element.
func RedisLimitsOf(maxBulk int) resp.Limits {
	return resp.Limits{MaxBulk: maxBulk, MaxArgs: maxRedisArgs, MaxInline: maxRedisInline, MaxSize: max(MaxAssembly, 2*maxBulk)}
}

// loginOf is what servers of the pool are told first.
func loginOf(cfg *config.Pool) *backend.Login {
	if !cfg.Redis {
		return nil
	}
	return &backend.Login{Password: cfg.RedisAuth, DB: cfg.RedisDB}
}

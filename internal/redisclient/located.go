package redisclient

import (
	"bytes"

	"magent/backend/ring"
	"magent/internal/distribute"
	"magent/internal/pool"
	"magent/resp"
)

// located is where the keys of a transaction are that is being collected. They have to be on one server. That is found
// out command by command, so that EXEC takes no longer than other requests. If the ring changes, it is found out anew.
type located struct {
	engine  *distribute.Engine
	ring    *ring.Ring // of the engine, for which the rest holds
	read    int        // bytes of the transaction that were looked at
	server  int        // of the keys there; distribute.Any: there are none
	refusal []byte     // the error if they are not on one server, else nil
}

// twoServers is the answer to a transaction with keys of two servers.
const twoServers = "-CROSSSLOT Keys in transaction don't hash to the same server: nothing was done; " +
	"give them a common hash tag\r\n"

// locate looks at the commands of the transaction that were not looked at yet, or at all of them if the ring has
// changed. r is scratch.
func (l *located) locate(raw []byte, engine *distribute.Engine, r *resp.Request) {
	if l.engine != engine || l.ring != engine.Primaries {
		*l = located{engine: engine, ring: engine.Primaries, server: distribute.Any}
	}
	limits := pool.RedisLimitsOf(len(raw)) // the pool's may have become narrower
	for l.read < len(raw) && l.refusal == nil {
		n, _ := resp.Next(raw[l.read:], limits, r, &resp.Progress{})
		l.read += n
		if keyless(r.Command) {
			continue
		}
		switch at, refusal := engine.ServerOf(r); {
		case refusal != nil:
			l.refusal = bytes.Clone(refusal)
		case l.server != distribute.Any && at != distribute.Any && at != l.server:
			l.refusal = []byte(twoServers)
		case at != distribute.Any:
			l.server = at
		}
	}
}

// keyless reports whether the proxy answers a command by itself, but a server would answer it in the same way.
func keyless(cmd *resp.Command) bool {
	switch cmd.Name {
	case "ping", "echo", "time", "unwatch":
		return true
	}
	return false
}

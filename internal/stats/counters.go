package stats

import "crypto/tls"

// Counters are the counters of one loop. Only the loop writes them; others get copies through the loop's mailbox.
// Names are those of memcached's stats command where it has them.
type Counters struct {
	CmdGet, CmdSet, CmdFlush, CmdTouch, CmdMeta uint64
	CmdRedis                                    uint64 // commands of clients of Redis pools

	GetHits, GetMisses       uint64
	DeleteHits, DeleteMisses uint64
	IncrHits, IncrMisses     uint64
	DecrHits, DecrMisses     uint64
	TouchHits, TouchMisses   uint64
	CasHits, CasMisses       uint64
	CasBadval                uint64

	BytesRead, BytesWritten uint64

	CurrConnections     int64
	TotalConnections    uint64
	RejectedConnections uint64

	Errors          uint64 // requests that the proxy itself answered with SERVER_ERROR
	Retries         uint64 // reads that failed on one copy and were sent to the other
	Disagreements   uint64 // mutations that the two copies answered differently
	Inconsistencies uint64 // times that the proxy found its own record of a key to be wrong, which is a bug
	Backpressure    uint64 // times that a client was not read because of its own unfinished requests

	ClientEOFs uint64 // clients that closed the connection
	// ClientErrors counts malformed requests, and clients whose connection failed or was closed
	// because of what they sent.
	ClientErrors uint64
	Fragments    uint64 // requests to servers that multi-gets were split into
	Failovers    uint64 // reads that went to the backup at once, because the primary must not be read

	Outcomes Outcomes  // number of requests
	Waited   Histogram // requests, by the time from their acceptance to their answer

	HotHits  uint64 // reads that were answered from memory
	HotKeys  int64  // keys in memory now
	HotBytes int64

	IdleClosed uint64 // clients that were closed because they were idle
	CutOff     uint64 // clients whose request did not arrive completely, or that did not fetch what was for them

	CurrBinary int64  // clients that speak the binary protocol
	CurrTLS12  int64  // clients that speak TLS 1.2
	CurrTLS13  int64  // and 1.3
	TLSErrors  uint64 // handshakes with clients that failed
	AuthCmds   uint64 // times that clients have named a user and a password
	AuthErrors uint64 // of these, how often that was wrong

	CurrDedicated int64  // connections to Redis servers that clients do not share
	NoDedicated   uint64 // times that a client got none, because all were in use

	CurrSubscribers int64  // clients of Redis pools that have subscribed to something
	Messages        uint64 // that they got
}

// TLS counts clients that speak TLS by a version, or do so no more; 0: plain text.
func (c *Counters) TLS(version uint16, clients int64) {
	switch version {
	case tls.VersionTLS12:
		c.CurrTLS12 += clients
	case tls.VersionTLS13:
		c.CurrTLS13 += clients
	}
}

// Present returns only what counts present clients.
func (c *Counters) Present() Counters {
	return Counters{
		CurrConnections: c.CurrConnections, CurrBinary: c.CurrBinary,
		CurrTLS12: c.CurrTLS12, CurrTLS13: c.CurrTLS13, CurrDedicated: c.CurrDedicated,
		CurrSubscribers: c.CurrSubscribers,
	}
}

// Disconnected resets what counts present clients.
func (c *Counters) Disconnected() {
	c.CurrConnections, c.CurrBinary, c.CurrTLS12, c.CurrTLS13, c.CurrDedicated = 0, 0, 0, 0, 0
	c.CurrSubscribers = 0
}

// Add adds o to c, field by field.
func (c *Counters) Add(o *Counters) {
	c.CmdGet += o.CmdGet
	c.CmdSet += o.CmdSet
	c.CmdFlush += o.CmdFlush
	c.CmdTouch += o.CmdTouch
	c.CmdMeta += o.CmdMeta
	c.CmdRedis += o.CmdRedis
	c.GetHits += o.GetHits
	c.GetMisses += o.GetMisses
	c.DeleteHits += o.DeleteHits
	c.DeleteMisses += o.DeleteMisses
	c.IncrHits += o.IncrHits
	c.IncrMisses += o.IncrMisses
	c.DecrHits += o.DecrHits
	c.DecrMisses += o.DecrMisses
	c.TouchHits += o.TouchHits
	c.TouchMisses += o.TouchMisses
	c.CasHits += o.CasHits
	c.CasMisses += o.CasMisses
	c.CasBadval += o.CasBadval
	c.BytesRead += o.BytesRead
	c.BytesWritten += o.BytesWritten
	c.CurrConnections += o.CurrConnections
	c.CurrBinary += o.CurrBinary
	c.CurrTLS12 += o.CurrTLS12
	c.CurrTLS13 += o.CurrTLS13
	c.TLSErrors += o.TLSErrors
	c.TotalConnections += o.TotalConnections
	c.RejectedConnections += o.RejectedConnections
	c.AuthCmds += o.AuthCmds
	c.AuthErrors += o.AuthErrors
	c.CurrDedicated += o.CurrDedicated
	c.NoDedicated += o.NoDedicated
	c.CurrSubscribers += o.CurrSubscribers
	c.Messages += o.Messages
	c.Errors += o.Errors
	c.Retries += o.Retries
	c.Disagreements += o.Disagreements
	c.Inconsistencies += o.Inconsistencies
	c.HotHits += o.HotHits
	c.HotKeys += o.HotKeys
	c.HotBytes += o.HotBytes
	c.IdleClosed += o.IdleClosed
	c.CutOff += o.CutOff
	c.Backpressure += o.Backpressure
	c.ClientEOFs += o.ClientEOFs
	c.ClientErrors += o.ClientErrors
	c.Fragments += o.Fragments
	c.Failovers += o.Failovers
	c.Outcomes.Add(&o.Outcomes)
	c.Waited.Add(&o.Waited)
}

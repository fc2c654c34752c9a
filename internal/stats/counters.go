package stats

// Counters is what one loop counts. The loop alone writes it; others get copies through the loop's mailbox. The names
// are those of memcached's stats command.
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

	Errors          uint64 // requests answered with SERVER_ERROR by the proxy itself
	Retries         uint64 // reads that failed on one copy and were asked of the other
	Disagreements   uint64 // mutations that the two copies answered differently
	Inconsistencies uint64 // times that the proxy found its own knowledge of a key to be wrong
	Backpressure    uint64 // times that a client was not read because of its own unfinished requests

	ClientEOFs   uint64 // clients that have left
	ClientErrors uint64 // clients whose connection failed or was closed over what they sent, and other requests that were malformed
	Fragments    uint64 // requests to servers that retrievals of several keys were split into
	Failovers    uint64 // reads that were asked of the backup at once, because the primary was not to be asked

	Outcomes Outcomes  // requests
	Waited   Histogram // requests, by the time from when they were taken on to their answer

	IdleClosed uint64 // clients that were closed because they asked for nothing
	CutOff     uint64 // clients that were cut off over what had arrived in part
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
	c.TotalConnections += o.TotalConnections
	c.RejectedConnections += o.RejectedConnections
	c.Errors += o.Errors
	c.Retries += o.Retries
	c.Disagreements += o.Disagreements
	c.Inconsistencies += o.Inconsistencies
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

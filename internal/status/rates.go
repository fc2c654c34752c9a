package status

import "magent/internal/stats"

// rate computes the rates from two samples. Pools and servers that are new have none.
func (r *Report) rate(now, before *sample) {
	if before == nil {
		return
	}
	seconds := now.at.Sub(before.at).Seconds()
	if seconds <= 0 {
		return
	}
	r.Rates = ratesOf(&now.snapshot.Counters, &before.snapshot.Counters, seconds)
	for i := range r.Pools {
		pool := &r.Pools[i]
		old, was := poolOf(before, pool.Name), poolOf(now, pool.Name)
		if old == nil || was == nil {
			continue
		}
		pool.Rates = ratesOf(was, old, seconds)
		rateServers(pool.Servers, now.snapshot.ServersOf(pool.Name), before.snapshot.ServersOf(pool.Name), seconds)
	}
	for i := range r.Loops {
		if i < len(now.snapshot.Loops) && i < len(before.snapshot.Loops) {
			r.Loops[i].Busy = (now.snapshot.Loops[i].Busy - before.snapshot.Loops[i].Busy).Seconds() / seconds
		}
	}
}

// poolOf returns the counters of a pool, or nil if it is not there.
func poolOf(s *sample, name string) *stats.Counters {
	for i := range min(len(s.process.Pools), len(s.snapshot.Pools)) {
		if s.process.Pools[i].Name == name {
			return &s.snapshot.Pools[i]
		}
	}
	return nil
}

func ratesOf(now, before *stats.Counters, seconds float64) Rates {
	r := waits(&now.Waited, &before.Waited)
	r.Requests = perSecond(now.Waited.Total(), before.Waited.Total(), seconds)
	r.Errors = perSecond(now.Errors, before.Errors, seconds)
	r.Received = perSecond(now.BytesRead, before.BytesRead, seconds)
	r.Sent = perSecond(now.BytesWritten, before.BytesWritten, seconds)
	r.ErrorRatio = ratio(r.Errors, r.Requests)
	hits, misses := since(now.GetHits, before.GetHits), since(now.GetMisses, before.GetMisses)
	r.HitRatio = ratio(float64(hits), float64(hits+misses+failedReads(now, before)))
	return r
}

// ratio returns part of all, at most 1, or nil if there is nothing.
func ratio(part, all float64) *float64 {
	if all <= 0 {
		return nil
	}
	share := min(part/all, 1)
	return &share
}

// failedReads returns how many retrievals got an error between two samples.
func failedReads(now, before *stats.Counters) (n uint64) {
	for _, command := range []stats.Command{stats.Get, stats.Gat} {
		n += since(now.Outcomes[command][stats.Error], before.Outcomes[command][stats.Error])
	}
	return n
}

func rateServers(servers []Server, now, before []stats.Server, seconds float64) {
	if len(servers) != len(now) || len(servers) != len(before) {
		return // they have just changed
	}
	for i := range servers {
		n, b := &now[i], &before[i]
		if n.Address != b.Address || n.Address != servers[i].Address {
			continue
		}
		r := waits(&n.Waited, &b.Waited)
		r.Requests = perSecond(n.Requests, b.Requests, seconds)
		r.Errors = perSecond(n.Errors, b.Errors, seconds)
		r.Received = perSecond(n.Received, b.Received, seconds)
		r.Sent = perSecond(n.Sent, b.Sent, seconds)
		servers[i].Rates = r
		servers[i].Copies = perSecond(n.Refills+n.Repairs, b.Refills+b.Repairs, seconds)
	}
}

// waits returns how long requests took between two samples.
func waits(now, before *stats.Histogram) (r Rates) {
	if now.Total() < before.Total() { // it was reset
		before = &stats.Histogram{}
	}
	h := now.Since(before)
	if h.Total() > 0 {
		p50, p99 := h.Quantile(0.5).Seconds(), h.Quantile(0.99).Seconds()
		r.P50, r.P99 = &p50, &p99
	}
	return r
}

func perSecond(now, before uint64, seconds float64) float64 {
	return float64(since(now, before)) / seconds
}

// since returns how much a counter has grown. "stats reset" may have set it to zero.
func since(now, before uint64) uint64 {
	if now < before {
		return now
	}
	return now - before
}

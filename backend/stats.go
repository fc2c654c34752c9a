package backend

// Since returns what was counted after s was before. The latency stays: it is no count.
func (s *Stats) Since(before *Stats) Stats {
	return Stats{
		Requests: s.Requests - before.Requests,
		Replies:  s.Replies - before.Replies,
		Errors:   s.Errors - before.Errors,
		Timeouts: s.Timeouts - before.Timeouts,
		Sent:     s.Sent - before.Sent,
		Received: s.Received - before.Received,
		Connects: s.Connects - before.Connects,
		Latency:  s.Latency,
	}
}

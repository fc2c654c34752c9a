package proxy

import (
	"magent/internal/call"
	"magent/internal/pool"
	"magent/internal/session"
	"magent/internal/stats"
)

// statsRound collects the figures of all loops. It belongs to one loop at a time, as a task of their mailboxes. It
// ends where it began: on a loop, with a client's call, or beside the loops, with the channel.
type statsRound struct {
	svc  *Service
	next int // the loop that is asked now
	sum  stats.Snapshot

	call *call.Call
	what string
	pool *pool.Pool     // the client's, on its loop
	home *session.Shard // that
	hot  stats.Hottest

	done    chan<- *statsRound
	reloads int           // how many there had been on the first loop: after another one it is begun anew
	process stats.Process // as of the last loop
}

// shownHotKeys is how many of the hottest keys are shown.
const shownHotKeys = 20

package backend

import (
	"math"
	"time"
)

// progress records when a server has last shown that it is working. Deadlines count from then on, so a server that is
// busy with earlier requests is not taken for one that hangs, however many there are.
//
// A request is given up
//   - when it has waited for Options.Timeout without any progress in that time. That is the server's fault.
//   - when it has waited maxWaits times as long, whatever the progress (but see patient). That is the server's fault
//     if fewer than progressBytes have moved in the last Options.Timeout. This catches a server that keeps answering,
//     but next to nothing.
//
// There is progress when a reply arrives that is still waited for, and whenever progressBytes have moved. These
// are bytes of replies, and bytes of requests that were waiting because the socket was full. A socket that is not
// full accepts bytes even if the server hangs, so those do not count. Consequently a server that hangs is noticed
// within one Timeout after its last sign of work. A server that sends a large reply slowly has to send
// progressBytes per Timeout.
type progress struct {
	at    int64 // loop time of the last progress
	flow  int64 // loop time when progressBytes had moved last; never after at
	moved int   // bytes since then; less than progressBytes
	// patient: a request is not given up for good while progressBytes move in each deadline. A command to a Redis may
	// be hundreds of megabytes, and its reply.
	patient bool
}

const (
	// progressBytes count as progress. With a deadline of 200 ms that is 80 kB per second.
	progressBytes = 16 << 10
	// maxWaits limits the wait for one reply, in deadlines.
	maxWaits = 10
)

// MaxWait returns the longest time that a request waits for a server with this deadline.
func MaxWait(timeout time.Duration) time.Duration { return maxWaits * timeout }

// newProgress is for a server that has not shown anything yet.
func newProgress() progress { return progress{at: math.MinInt64, flow: math.MinInt64} }

// replied records a reply that was waited for.
func (p *progress) replied(now int64) { p.at = now }

// move records n bytes.
func (p *progress) move(n int, now int64) {
	if p.moved += n; p.moved >= progressBytes {
		p.at, p.flow, p.moved = now, now, 0
	}
}

// due returns when a request sent at that time is given up if there is no more progress.
func (p *progress) due(sent int64, timeout time.Duration) int64 {
	last := sent + int64(MaxWait(timeout))
	if p.patient {
		last = max(last, p.flow+int64(timeout))
	}
	return min(max(sent, p.at)+int64(timeout), last)
}

// fault reports whether it is the server's fault if a request sent at that time is given up now.
func (p *progress) fault(sent, now int64, timeout time.Duration) bool {
	return now >= max(sent, p.at)+int64(timeout) || now >= max(sent, p.flow)+int64(timeout)
}

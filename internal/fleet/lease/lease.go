// Package lease is the rule by which at most one member of a fleet decides for a group of keys, beside raft, which
// only says who that is. It has three parts, which stand or fall together:
//
//   - The owner asks all voters every tick, and may decide until 0.9 of a lease after it *sent* the last round that a
//     majority of them acknowledged (Owner).
//   - A voter does not acknowledge once its log has a newer view than the owner knows, committed or not (Grants). The
//     majority that acknowledged and the one that appended the newer view have a voter in common. This voter
//     acknowledged first. So the owner's last round was sent before the newer view was committed.
//   - The successor begins 1.1 of a lease after it learned that the newer view is committed (Begin), unless the owner
//     is known to have stopped. What the owner has sent before its end may still be on its way; the time for that
//     begins earlier (Ended).
//
// Times are of CLOCK_BOOTTIME, which goes on while a machine sleeps. Clocks may drift against each other by less than
// a tenth. A time that an owner sends comes back as it was, and is compared with its own clock only.
package lease

import (
	"maps"
	"slices"
	"time"

	"magent/internal/fault"
)

// Owner is the lease of one process, for all groups that it owns. The zero value holds nothing.
type Owner struct {
	voters []uint64
	acked  map[uint64]time.Duration // by voter: when the last round was sent that it acknowledged
	floor  time.Duration            // rounds that were sent until then do not count
	latest time.Duration            // the last time that Holds was given
	lost   bool
}

// Elect says who votes now; the identities are those of raft's configuration, in any order. Acknowledgements of
// voters that were there before, and are still, count as before.
func (o *Owner) Elect(voters []uint64) {
	o.voters = slices.Clone(voters)
	maps.DeleteFunc(o.acked, func(id uint64, _ time.Duration) bool { return !slices.Contains(voters, id) })
}

// Ack notes that a voter acknowledged the round that was sent at a time. Rounds may come back in any order, and
// twice.
func (o *Owner) Ack(voter uint64, sent time.Duration) {
	if !slices.Contains(o.voters, voter) || sent <= o.floor {
		return
	}
	if o.acked == nil {
		o.acked = map[uint64]time.Duration{}
	}
	o.acked[voter] = max(o.acked[voter], sent)
}

// Until is when the lease of length L ends; 0: there is none.
func (o *Owner) Until(length time.Duration) time.Duration {
	majority := len(o.voters)/2 + 1
	if o.lost || len(o.voters) == 0 || len(o.acked) < majority {
		return 0
	}
	sent := slices.Sorted(maps.Values(o.acked))
	return sent[len(sent)-majority] + length*9/10
}

// Holds tells whether the owner may decide now. Once it has said no after it had said yes, or the clock ran
// backwards, it says no until Reset: what was lost for a moment may have been somebody else's, and having it again
// is a takeover.
func (o *Owner) Holds(now, length time.Duration) bool {
	if now < o.latest {
		o.lost = true
	}
	o.latest = max(o.latest, now)
	until := o.Until(length)
	if until > 0 && now >= until {
		o.lost = true
	}
	return until > 0 && !o.lost
}

// Lose notes that somebody else has found the lease to have ended, who read the clock or Until at another moment.
func (o *Owner) Lose() { o.lost = true }

// Lost tells whether the lease was held and has ended.
func (o *Owner) Lost() bool { return o.lost }

// Reset begins again without a lease, when all that depended on the old one has been dropped. Acknowledgements of
// rounds that were sent until now count no more.
func (o *Owner) Reset() { *o = Owner{voters: o.voters, floor: o.latest, latest: o.latest} }

// Grants tells whether a voter acknowledges a round of an owner who knows the log up to the view at an index.
// newest is the index of the newest view, or change of the voters, in the voter's own log; committed the same of
// those that it knows to be committed.
func Grants(newest, committed, known uint64) bool {
	if fault.LeaseCommit {
		return committed <= known
	}
	return newest <= known
}

// Begin is when a successor may begin that learned of a commit at a time: of the last view which took the group
// from an owner who is not known to have stopped.
func Begin(learned, length time.Duration) time.Duration {
	if fault.LeaseWait {
		return learned
	}
	return learned + length*11/10
}

// Ended is when a lease has certainly ended of which Begin makes sure, by the clock of who learned of the commit.
func Ended(learned, length time.Duration) time.Duration { return learned + length*99/100 }

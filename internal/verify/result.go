package verify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"magent/backend/ring"
)

// Options configures Run.
type Options struct {
	Primaries, Backups      []Server
	Hash                    ring.HashFunc
	PrimaryRing, BackupRing *ring.Ring
	Timeout                 time.Duration // for a reply
	Rate                    int           // the largest number of keys that are read per second

	Repair bool // repair copies that differ; the primary's copy counts
	Fill   bool // with Repair: keys that only the backup has are copied to the primary, not deleted
	Force  bool // with Repair: do it even if it looks wrong (Refusal)

	// Settled says why the primaries' copies should not count now. It is asked before anything is changed, and from
	// time to time while it is. nil: nobody knows, so a repair is refused that would overwrite much.
	Settled func(context.Context) error

	// Found is called for each key that differs. In a repair it is not called while Run counts.
	Found func(Finding)
	// Counted is called before a repair begins, with the primaries that are filled although Fill is not set.
	Counted func(filled []Loss)
	// Progress is called from time to time, with the number of items that were listed and the number to be expected.
	// counting means that a repair has not begun yet.
	Progress func(counting bool, items, total int)
}

// Finding is a key whose copies differ, or have differed until they were repaired.
type Finding struct {
	Kind            Kind
	Key             []byte // valid during the call
	Primary, Backup string // the names of its servers
	Repaired        bool
	Trouble         string // why it could not be repaired; empty: that was not tried
}

// Result is what Run has found.
type Result struct {
	Compared  int         // the number of keys
	Differ    [kinds]int  // by kind: the number of keys that differed, including repaired ones
	Repaired  int         // the number of keys that were repaired
	Unsure    int         // keys not compared: stale, written all the time, or unfit for meta commands
	Misplaced []int       // by server, primaries first: keys that no client reads there
	Drained   map[int]int // by server, for those that are drained: keys that were not compared
	Starts    []Start     // by server, primaries first
	Links     map[Link]*Tally
}

// Differing returns the number of keys that differed.
func (r *Result) Differing() int {
	n := 0
	for _, m := range r.Differ {
		n += m
	}
	return n
}

// Link is a pair of a primary and a backup that have keys in common. It has the indexes of the servers, which count
// the primaries, then the backups.
type Link struct{ Primary, Backup int }

// Tally counts the keys of a link.
type Tally struct {
	Held    int // keys that the backup has
	Lacking int // those of them that the primary does not have
	Lost    int // those of these that were stored before the primary was started
}

// Loss is a primary that was restarted and lacks keys that a backup has.
type Loss struct {
	Primary, Backup string
	Later           time.Duration // how long after the backup the primary was started
	Lost, Held      int
}

// Refusal is the error for a repair that looks wrong. Only the repairs before it, Result.Repaired, were carried out.
type Refusal struct {
	Deleted   int // the number of keys that would be deleted
	Doubtful  int // those of them whose primary was started after the backup: it may have lost them
	Compared  int
	Misplaced int

	Overwritten int   // where nobody knows whether the primaries' copies count: the copies that would be overwritten
	Reason      error // why they do not count; nil: something else looks wrong
	late        bool  // the repair was under way already
}

// Unwrap returns Reason.
func (e *Refusal) Unwrap() error { return e.Reason }

func (e *Refusal) Error() string {
	if e.Reason != nil {
		return fmt.Sprintf("refused: %v; or add --force to take the primaries' copies for right", e.Reason)
	}
	var why []string
	if e.Misplaced > 0 {
		why = append(why, fmt.Sprintf("%d keys are on servers where the placement given does not put them: "+
			"give the servers and the placement as the proxy has them, "+
			"or add --force if the keys are left over from an earlier list", e.Misplaced))
	}
	const remedy = "add --fill to copy them to the primary instead, correct the list of servers, " +
		"or add --force to delete them"
	if e.Overwritten > 0 {
		why = append(why, fmt.Sprintf("%d of %d keys would be overwritten on backups, more than %d %%, and no magent "+
			"can be asked whether the primaries have missed writes: name one with --admin-socket or --proxy, "+
			"or add --force if they have not", e.Overwritten, e.Compared, mostChanged))
	}
	switch {
	case e.late:
		why = []string{fmt.Sprintf("there is more to change than was counted, more than %d %% of all keys: "+
			"see what happens to the primaries, and repeat it", mostChanged)}
	case e.tooMany():
		why = append(why, fmt.Sprintf("%d of %d keys would be deleted, more than %d %%, for only the backup has "+
			"them: %s", e.Deleted, e.Compared, mostChanged, remedy))
	case e.Doubtful > 0:
		why = append(why, fmt.Sprintf("%d of %d keys would be deleted, for only the backup has them, "+
			"although their primary was started after the backup and may have lost them: %s",
			e.Doubtful, e.Compared, remedy))
	}
	return "refused: " + strings.Join(why, "; ")
}

func (e *Refusal) tooMany() bool { return tooMany(e.Deleted, e.Compared) }

// mostChanged is the largest share of keys, in percent, that a repair deletes, or overwrites if nobody knows whether
// it should.
const mostChanged = 1

func tooMany(changed, compared int) bool { return changed*100 > compared*mostChanged }

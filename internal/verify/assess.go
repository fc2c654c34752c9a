package verify

import (
	"fmt"
	"strings"
	"time"
)

// A repair deletes on the backup what the primary has not. That is right for keys that were deleted; it is wrong where the primary
// has lost them, or where the servers or the placement given are not the proxy's. So a repair counts first, on a run that changes nothing,
// and refuses what does not look right.

// mostDeleted is the share of keys, in percent, up to which a repair deletes.
const mostDeleted = 1

// Link is what a primary and a backup have to do with each other, by their numbers: primaries first.
type Link struct{ Primary, Backup int }

// Tally counts the keys of a link.
type Tally struct {
	Held    int // that the backup has
	Lacking int // of these, that the primary has not
}

// Loss is a primary that was restarted, and lacks keys that a backup has.
type Loss struct {
	Primary, Backup       string
	PrimaryAge, BackupAge time.Duration
	Lacking, Held         int
}

// Refusal is the error for a repair that does not look right. Nothing was changed but by repairs that came before it, Result.Repaired.
type Refusal struct {
	Deleted   int // keys that would be deleted
	Compared  int
	Misplaced int
	late      bool
}

func (e *Refusal) Error() string {
	var why []string
	if e.Misplaced > 0 {
		why = append(why, fmt.Sprintf("%d keys are on servers where the placement given does not put them: "+
			"give the servers and the placement as the proxy has them, or add --force if the keys are left over from an earlier list", e.Misplaced))
	}
	switch {
	case e.late:
		why = append(why, fmt.Sprintf("there is more to delete than was counted, more than %d keys: see what happens to the primaries, and repeat it", e.Deleted))
	case e.tooMany():
		why = append(why, fmt.Sprintf("%d of %d keys would be deleted, more than %d %%, for only the backup has them: add --fill to copy them to the primary "+
			"instead, correct the list of servers, or add --force to delete them", e.Deleted, e.Compared, mostDeleted))
	}
	return "refused: " + strings.Join(why, "; ")
}

func (e *Refusal) tooMany() bool { return e.Deleted*100 > e.Compared*mostDeleted }

// assess judges a repair by what a run that changes nothing has counted: the links whose primary is filled, and what speaks against
// the repair; nil: nothing does.
//
// A primary that began to run after its backup did, and lacks more than mostDeleted of what that has, has lost those keys. Where it
// lacks less, it was filled since, and what is missing there was deleted.
func assess(r *Result, fill bool) (filled map[Link]bool, no *Refusal) {
	filled, no = map[Link]bool{}, &Refusal{Compared: r.Compared}
	for _, n := range r.Misplaced {
		no.Misplaced += n
	}
	for link, n := range r.Links {
		switch {
		case n.Lacking == 0:
		case fill || r.Ages[link.Primary] < r.Ages[link.Backup] && n.Lacking*100 > n.Held*mostDeleted:
			filled[link] = true
		default:
			no.Deleted += n.Lacking
		}
	}
	if no.Misplaced == 0 && !no.tooMany() {
		no = nil
	}
	return filled, no
}

// losses are the links that are filled though nobody asked for it.
func (v *verifier) losses() (all []Loss) {
	for i := range v.o.Primaries {
		for j := range v.o.Backups {
			link := Link{i, len(v.o.Primaries) + j}
			if n := v.result.Links[link]; n != nil && v.filled[link] && !v.o.Fill {
				all = append(all, Loss{
					v.server(link.Primary).Name, v.server(link.Backup).Name,
					v.result.Ages[link.Primary], v.result.Ages[link.Backup], n.Lacking, n.Held,
				})
			}
		}
	}
	return all
}

// link is the tally of the servers of a pair.
func (v *verifier) link(x pair) *Tally {
	key := Link{x.p, x.b}
	if v.result.Links[key] == nil {
		v.result.Links[key] = new(Tally)
	}
	return v.result.Links[key]
}

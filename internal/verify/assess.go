package verify

import (
	"fmt"
	"strings"
	"time"
)

// A repair deletes keys on the backup that the primary does not have. This is right if the keys were deleted. It is
// wrong if the primary has lost them, or if the given servers or placement are not those of the proxy. So a repair
// first counts, without changing anything, and refuses to go on if the result looks wrong.

// mostDeleted is the largest share of keys, in percent, that a repair deletes.
const mostDeleted = 1

// Link is a pair of a primary and a backup that have keys in common. It has the indexes of the servers, which count
// the primaries, then the backups.
type Link struct{ Primary, Backup int }

// Tally counts the keys of a link.
type Tally struct {
	Held    int // keys that the backup has
	Lacking int // those of them that the primary does not have
}

// Loss is a primary that was restarted and lacks keys that a backup has.
type Loss struct {
	Primary, Backup       string
	PrimaryAge, BackupAge time.Duration
	Lacking, Held         int
}

// Refusal is the error for a repair that looks wrong. Only the repairs before it, Result.Repaired, were carried out.
type Refusal struct {
	Deleted   int // the number of keys that would be deleted
	Compared  int
	Misplaced int
	late      bool // the repair was under way already
}

func (e *Refusal) Error() string {
	var why []string
	if e.Misplaced > 0 {
		why = append(why, fmt.Sprintf("%d keys are on servers where the placement given does not put them: "+
			"give the servers and the placement as the proxy has them, "+
			"or add --force if the keys are left over from an earlier list", e.Misplaced))
	}
	switch {
	case e.late:
		why = append(why, fmt.Sprintf("there is more to delete than was counted, more than %d keys: "+
			"see what happens to the primaries, and repeat it", e.Deleted))
	case e.tooMany():
		why = append(why,
			fmt.Sprintf("%d of %d keys would be deleted, more than %d %%, for only the backup has them: "+
				"add --fill to copy them to the primary instead, correct the list of servers, "+
				"or add --force to delete them", e.Deleted, e.Compared, mostDeleted))
	}
	return "refused: " + strings.Join(why, "; ")
}

func (e *Refusal) tooMany() bool { return e.Deleted*100 > e.Compared*mostDeleted }

// assess decides about a repair from r, the result of a run that changed nothing. filled has the links whose primary
// gets the keys that only the backup has. fill means that these are all links. no is the reason not to repair; nil:
// there is none.
//
// A primary that was started after its backup, and lacks more than mostDeleted percent of the backup's keys, has lost
// those keys. If it lacks fewer, it has been refilled since, and the missing keys were deleted.
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

// losses returns the links whose primaries are filled although Options.Fill is not set.
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

// link returns the tally of the two servers of x.
func (v *verifier) link(x pair) *Tally {
	key := Link{x.p, x.b}
	if v.result.Links[key] == nil {
		v.result.Links[key] = new(Tally)
	}
	return v.result.Links[key]
}

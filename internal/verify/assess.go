package verify

// A repair deletes keys on the backup that the primary does not have. This is right if the keys were deleted. It is
// wrong if the primary has lost them, or if the given servers or placement are not those of the proxy. So a repair
// first counts, without changing anything, and refuses to go on if the result looks wrong.

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

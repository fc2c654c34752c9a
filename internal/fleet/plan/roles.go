package plan

import (
	"slices"

	"magent/internal/config"
	"magent/internal/placement"
)

// inRolesOf returns a pool of a file in the roles that the fleet has, or is to have: its primaries and backups may be
// the other way round. before is the pool of the fleet that had its keys, and had what the file had in its place; nil:
// there was none. wanted is what others want to have, nil if nobody does.
func inRolesOf(before, had, file *config.Pool, wanted []string) *config.Pool {
	other := placement.Exchanged(file)
	switch {
	case len(file.Backups) == 0 || slices.Contains(wanted, TextOf(file)):
		return file
	case slices.Contains(wanted, TextOf(other)):
		return other
	case before == nil:
		return file
	}
	was := TextOf(before)
	if TextOf(other) == was || TextOf(had) != was && common(before, other) > common(before, file) {
		return other
	}
	return file
}

// common is how many servers two pools have in the same role.
func common(a, b *config.Pool) (n int) {
	for _, roles := range [][2][]config.Address{{a.Servers, b.Servers}, {a.Backups, b.Backups}} {
		for _, s := range config.Texts(roles[0]) {
			if slices.Contains(config.Texts(roles[1]), s) {
				n++
			}
		}
	}
	return n
}

package owner

import (
	"slices"

	"magent/internal/config"
	"magent/internal/placement"
)

// successorOf returns what takes the place of a pool if keys are placed as in another one, and nothing else changes.
// had is the same pool as this member has it in its file.
func successorOf(before, had, as *config.Pool) (s *successor, err error) {
	s = &successor{cfg: placed(before, as)}
	if s.file = s.cfg; placementOf(before) != placementOf(had) {
		s.file = placement.Exchanged(s.cfg)
	}
	if s.rings, err = placement.New(s.cfg); err == nil {
		s.moves, err = placement.MigrationOf(before, s.cfg, s.rings)
	}
	if err != nil {
		return nil, err
	}
	for _, whole := range []*config.Pool{s.cfg, placement.Exchanged(s.cfg)} {
		s.groups = append(s.groups, placement.Groups(whole)...)
	}
	return s, nil
}

// placed is a pool that places keys as another one, and is as before in all else.
func placed(before, as *config.Pool) *config.Pool {
	p := *before
	p.Servers, p.Backups, p.AutoEject = as.Servers, as.Backups, as.AutoEject
	p.Distribution, p.Hash, p.HashTag = as.Distribution, as.Hash, as.HashTag
	p.Drained = nil
	for _, d := range before.Drained {
		if p.At(d.Server) {
			p.Drained = append(p.Drained, d)
		}
	}
	return &p
}

// inRolesOf returns a pool of a file in the roles that the fleet has, or is to have: its primaries and backups may be
// the other way round. had is what the file had before, and wanted what others want to have, nil if nobody does.
func inRolesOf(before, had, file *config.Pool, wanted []string) *config.Pool {
	other := placement.Exchanged(file)
	switch was := placementOf(before); {
	case len(file.Backups) == 0 || slices.Contains(wanted, placementOf(file)):
	case placementOf(other) == was || slices.Contains(wanted, placementOf(other)):
		return other
	case placementOf(had) != was && common(before, other) > common(before, file):
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

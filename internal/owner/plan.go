package owner

import (
	"bytes"
	"fmt"
	"slices"

	"magent/internal/config"
	"magent/internal/fleet/view"
	"magent/internal/placement"
	"magent/internal/standing"
)

// Plan returns what has to change so that keys are placed as the pools of a file say; nil: nothing. had is what the
// file had before, by the indexes of pools. An error says why that cannot be.
func (f *Owner) Plan(had []*config.Pool, file []config.Pool) (*Turn, error) {
	at, before := f.wholes()
	files, err := likewise(before, file)
	if err != nil {
		return nil, err
	}
	t := &Turn{pools: map[int]*successor{}, over: make(chan struct{})}
	n := f.member.Load().View().Change
	var wanted []string
	if n != nil {
		t.asked, t.since, wanted = n.Since, n.Since, view.Split(n.Pools)
	}
	after := slices.Clone(before)
	for k, i := range at {
		s, err := successorOf(before[k], had[i], inRolesOf(before[k], had[i], files[k], wanted))
		if err != nil {
			return nil, fmt.Errorf("pool %q: %w", before[k].Name, err)
		}
		if placementOf(s.cfg) != placementOf(before[k]) {
			t.pools[i], after[k] = s, s.cfg
		}
	}
	t.text, t.groups = shortened(textOf(after)), groupsOf(after, f.o.Fleet.Members)
	switch {
	case n != nil && !bytes.Equal(n.Pools, t.text):
		return nil, f.otherFile(n, t.text)
	case len(t.pools) == 0:
		return nil, nil
	}
	return t, f.mayEver(t)
}

// otherFile is why this member takes no part in a change that others want.
func (f *Owner) otherFile(n *view.Change, text []byte) error {
	return view.OtherPools("the file of "+f.self(), n.Pools, text)
}

// likewise returns the pools of a file that take the place of those of the fleet. They have to be the same, by name,
// in the same order.
func likewise(before []*config.Pool, file []config.Pool) (files []*config.Pool, err error) {
	files = decidedTogether(file)
	if !slices.EqualFunc(before, files, func(a, b *config.Pool) bool { return a.Name == b.Name }) {
		return nil, otherPools(before, files)
	}
	return files, nil
}

// mayEver says why keys may not move, whatever servers are up; nil: they may.
func (f *Owner) mayEver(t *Turn) error {
	for i, s := range t.pools {
		if s.moves == nil {
			continue
		}
		if err := standing.MayMove(s.moves, standing.Servers{{Reached: true}}); err != nil {
			return fmt.Errorf("pool %q: %w", s.cfg.Name, err)
		}
		for n := range len(s.cfg.Servers) + len(s.cfg.Backups) {
			if address := placement.ServerAt(s.cfg, n).String(); s.moves.Gains(n) {
				if other := f.shares(t, i, address); other != "" {
					return fmt.Errorf("pool %q: keys would move to %s, and what it holds from earlier would be "+
						"deleted: but pool %q has its keys there; give this pool a server of its own", s.cfg.Name,
						address, other)
				}
			}
		}
	}
	return nil
}

// shares names another pool than i that has keys on a server, and goes on to have them there; empty: there is none.
func (f *Owner) shares(t *Turn, i int, address string) string {
	for k := range f.count() {
		before := f.pool(k)
		after := before
		if s := t.pools[k]; s != nil {
			after = s.cfg
		}
		if k != i && before.Of == nil && before.At(address) && after.At(address) {
			return before.Name
		}
	}
	return ""
}

// Configs are those of all pools after a change, in the roles that the file of this member has. before are those that
// they had before.
func (f *Owner) Configs(t *Turn, before []*config.Pool) []*config.Pool {
	after := slices.Clone(before)
	for i, cfg := range before {
		if cfg != nil && cfg.Of != nil {
			after[i] = f.pool(i)
		}
	}
	for i, s := range t.pools {
		after[i] = s.file
	}
	return after
}

package run

import (
	"errors"
	"slices"
	"time"

	"magent/internal/maintenance"
)

// settled returns the name of the pool that has these servers, or why its copies should not be repaired now. Of a
// fleet all members are asked. What may pass is waited for: keys on which two copies disagree are repaired all the
// time.
func (m *maintainer) settled(primaries, backups []string) (pool string, err error) {
	defer m.begin()()
	for began := time.Now(); ; time.Sleep(lookAgain) {
		pool, err = m.settledNow(primaries, backups)
		if err == nil || time.Since(began) > decideFor || m.ending.Err() != nil {
			return pool, err
		}
	}
}

func (m *maintainer) settledNow(primaries, backups []string) (pool string, err error) {
	pools, standby, err := m.proxy().Paired(slices.Concat(primaries, backups))
	if err != nil && len(pools) > 0 {
		return "", err
	}
	var wishes []maintenance.Wish
	for _, cfg := range pools {
		wishes = append(wishes, maintenance.Wish{Pool: cfg.Name, Server: cfg.Servers[0].String()})
	}
	if len(wishes) == 0 {
		return "", nil
	}
	seen, err := m.look(m.together(), wishes)
	if err != nil {
		return "", err
	}
	var groups []maintenance.Group
	for _, cfg := range pools {
		groups = append(groups, seen.Group(cfg))
		if standby {
			groups[len(groups)-1].StandsBy()
		}
	}
	if pool, err = maintenance.Settled(groups, primaries, backups); err != nil {
		err = errors.Join(append([]error{err}, seen.Absent...)...)
	}
	return pool, err
}

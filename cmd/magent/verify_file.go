package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"magent/cmd/magent/usage"
	"magent/internal/config"
)

// readFile reads the pool to compare from the file of -c. It has the same servers and placement as the proxy's.
func (c *comparison) readFile(r *reader, names config.Names) {
	file := r.text(flagConfig)
	flags := newVerifyFlags()
	ours := func(flag string) bool { // those of other commands may have their variables
		named := func(f cli.Flag) bool { return usage.LongName(f) == flag }
		return flag != flagTimeout && slices.ContainsFunc(flags, named)
	}
	for _, k := range poolKeys {
		if ours(k.flag) && r.given(k.flag) {
			r.fail(k.flag, fmt.Errorf("contradicts %s %s: leave it out, because the file has it (%s:)",
				r.label(flagConfig), file, k.key))
		}
	}
	if r.err != nil {
		return
	}
	pools, _, err := config.LoadFile(file, names)
	if err != nil {
		r.err = err
		return
	}
	pool, err := pickPool(pools, r.text(flagPool))
	if err != nil {
		r.err = fmt.Errorf("%s %s: %w", r.label(flagConfig), file, err)
		return
	}
	c.pool = *pool
	c.pool.Timeout, c.pool.ConnectTimeout = r.duration(flagTimeout, minTime), r.duration(flagConnect, minTime)
}

// pickPool returns the pool to compare: that of the name, or without a name the only one with backups.
func pickPool(pools []config.Pool, name string) (*config.Pool, error) {
	var all, paired []string
	for i := range pools {
		all = append(all, pools[i].Name)
		if len(pools[i].Backups) > 0 {
			paired = append(paired, pools[i].Name)
		}
	}
	switch {
	case name != "":
	case len(paired) == 0:
		return nil, fmt.Errorf("no pool has backups, so there are no copies to compare (pools: %s)",
			strings.Join(all, ", "))
	case len(paired) > 1:
		return nil, fmt.Errorf("several pools have backups: name one with --pool (%s)", strings.Join(paired, ", "))
	default:
		name = paired[0]
	}
	i := slices.Index(all, name)
	switch {
	case i >= 0 && pools[i].Redis:
		return nil, fmt.Errorf("pool %q is a Redis pool, whose servers keep their own copies: name a pool of "+
			"memcacheds with --pool", name)
	case i >= 0 && len(pools[i].Backups) == 0:
		return nil, fmt.Errorf("pool %q has no backups, so there are no copies to compare", name)
	case i >= 0:
		return &pools[i], nil
	}
	if near := config.Nearest(name, all); near != "" {
		return nil, fmt.Errorf("pool %q is unknown: did you mean %s?", name, near)
	}
	return nil, fmt.Errorf("pool %q is unknown (pools: %s)", name, strings.Join(all, ", "))
}

package main

import (
	"fmt"
	"strings"
)

// row is one line of the comparison: a workload, and the ratios that magent has to reach.
type row struct {
	name    string // for -rows
	title   string
	load    workload
	backups bool // magent copies every set to a backup, nutcracker does not
	hot     bool // magent keeps values in memory
	oneCore bool // proxies, memcacheds and load share one core
	want    ratios

	// If with is not empty, magent is compared with itself, not with nutcracker: it is asked as always, and then by a
	// load with more arguments. with says in words what they do.
	with string
	more []string
}

// ratios are magent's figures divided by nutcracker's.
type ratios struct {
	rate float64 // requests per second: higher is better
	cpu  float64 // CPU time of the proxy per request: lower is better
	p99  float64 // lower is better
}

// met reports whether r reaches the targets.
func (r ratios) met(want ratios) bool {
	return r.rate >= want.rate && r.cpu <= want.cpu && r.p99 <= want.p99
}

// allRows is a function, so that nothing can change the table.
func allRows() []row {
	small := workload{conns: 50, depth: 1, sets: 10, size: 100, width: 1, keys: 10000}
	but := func(change func(*workload)) workload {
		w := small
		change(&w)
		return w
	}
	redis := func(name, title string, cpu float64, change func(*workload)) row {
		w := but(change)
		w.redis = true
		return row{name: name, title: title, load: w, want: ratios{1.1, cpu, 1}}
	}
	return []row{
		{name: "conns50", title: "50 connections, get:set 9:1, 100 B", load: small, want: ratios{1.2, 0.70, 1}},
		{
			name: "conns200", title: "200 connections", want: ratios{1.25, 0.65, 1},
			load: but(func(w *workload) { w.conns = 200 }),
		},
		{
			name: "pipeline16", title: "pipelining 16", want: ratios{2.0, 0.30, 1},
			load: but(func(w *workload) { w.depth = 16 }),
		},
		{
			name: "sets", title: "sets, magent copies them to a backup, nutcracker does not",
			want: ratios{1.05, 0.75, 1},
			load: but(func(w *workload) { w.sets = 100 }), backups: true,
		},
		{
			name: "mixed1k", title: "1 kB, get:set 1:1", want: ratios{1.1, 0.75, 1},
			load: but(func(w *workload) { w.sets, w.size = 50, 1000 }),
		},
		{
			name: "multiget20", title: "multi-get of 20", want: ratios{1.5, 0.50, 1},
			load: but(func(w *workload) { w.sets, w.width = 0, 20 }),
		},
		{
			name: "multiget100", title: "multi-get of 100", want: ratios{1.6, 0.45, 1},
			load: but(func(w *workload) { w.sets, w.width = 0, 100 }),
		},
		{
			name: "sets16", title: "sets, pipelining 16", want: ratios{2.5, 0.30, 1},
			load: but(func(w *workload) { w.sets, w.depth = 100, 16 }),
		},
		{
			name: "large100k", title: "100 kB values, 12 connections", want: ratios{1.0, 0.95, 1},
			load: but(func(w *workload) { w.conns, w.size, w.keys = 12, 100_000, 200 }),
		},
		{
			name: "conn1", title: "one connection, everything on one core", want: ratios{1.0, 0.95, 1},
			load: but(func(w *workload) { w.conns = 1 }), oneCore: true,
		},
		{
			name: "hot", title: "a million keys by Zipf's law, magent with --hot-cache 64m",
			want: ratios{1.7, 0.50, 1},
			load: but(func(w *workload) { w.keys, w.zipf = 1_000_000, true }), hot: true,
		},
		redis("redis-set", "Redis: SET of 100 B, 50 connections", 0.80, func(w *workload) { w.sets = 100 }),
		redis("redis-get", "Redis: GET", 0.80, func(w *workload) { w.sets = 0 }),
		redis("redis-mset", "Redis: MSET of 10 keys", 0.80, func(w *workload) { w.sets, w.width = 100, 10 }),
		redis("redis-set16", "Redis: SET, pipelining 16", 0.55, func(w *workload) { w.sets, w.depth = 100, 16 }),
		redis("redis-get16", "Redis: GET, pipelining 16", 0.55, func(w *workload) { w.sets, w.depth = 0, 16 }),
		redis("redis-mset16", "Redis: MSET of 10 keys, pipelining 16", 0.55, func(w *workload) {
			w.sets, w.width, w.depth = 100, 10, 16
		}),
		redis("redis-mset5m", "Redis: MSET of 10 keys, 5 MB each, one connection", 0.80, func(w *workload) {
			w.conns, w.sets, w.width, w.size, w.keys = 1, 100, 10, 5_000_000, 20
		}),
		redis("redis-mget5m", "Redis: MGET of 10 keys, 5 MB each, one connection", 0.80, func(w *workload) {
			w.conns, w.sets, w.width, w.size, w.keys = 1, 0, 10, 5_000_000, 20
		}),
		itself("resp3-get", "Redis: GET, RESP3 : RESP2", 0, "RESP3", "-hello"),
		itself("resp3-set", "Redis: SET, RESP3 : RESP2", 100, "RESP3", "-hello"),
		itself("blocked", "Redis: GET, 1,000 clients wait in BLPOP : none does", 0, "1,000 wait", "-blocked", "1000"),
	}
}

// itself returns a row in which a Redis pool of magent is compared with itself. By at most 3 % it may be slower.
func itself(name, title string, sets int, with string, more ...string) row {
	load := workload{conns: 50, depth: 1, sets: sets, size: 100, width: 1, keys: 10000, redis: true}
	return row{name: name, title: title, load: load, want: ratios{0.97, 1.03, 1.1}, with: with, more: more}
}

// selectRows returns the rows named in a comma-separated list, in the order of the table; "" means all.
func selectRows(list string) ([]row, error) {
	all := allRows()
	if list == "" {
		return all, nil
	}
	wanted := make(map[string]bool)
	for name := range strings.SplitSeq(list, ",") {
		wanted[strings.TrimSpace(name)] = true
	}
	var picked []row
	var names []string
	for _, r := range all {
		names = append(names, r.name)
		if wanted[r.name] {
			picked = append(picked, r)
			delete(wanted, r.name)
		}
	}
	for name := range wanted {
		return nil, fmt.Errorf("-rows: there is no row %q, there are %s", name, strings.Join(names, ", "))
	}
	return picked, nil
}

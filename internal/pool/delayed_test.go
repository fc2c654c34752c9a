package pool

import (
	"maps"
	"slices"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/journal"
)

// TestRecallFlushes: a flush_all that is due belongs to the pool of that name, or to a part of it. If there is none
// any more, it is for whoever has the servers. The journal forgets the others.
func TestRecallFlushes(t *testing.T) {
	pool := func(name string, hosts ...string) *config.Pool {
		p := &config.Pool{Name: name}
		for _, host := range hosts {
			p.Servers = append(p.Servers, config.Address{Host: host, Port: 11211})
		}
		return p
	}
	server := func(pool, host string) journal.Server {
		return journal.Server{Pool: pool, Role: "primary", Address: host + ":11211"}
	}
	type due = map[journal.Server]int64
	redis, group := pool("new", "a"), pool("main/a", "a")
	redis.Redis, group.Of = true, pool("main", "a")
	for name, c := range map[string]struct {
		pools []*config.Pool
		known due
		want  []int64
	}{
		"nothing is due":    {[]*config.Pool{pool("main", "a")}, nil, []int64{0}},
		"the same pool":     {[]*config.Pool{pool("main", "a")}, due{server("main", "a"): 5}, []int64{5}},
		"other servers":     {[]*config.Pool{pool("main", "b")}, due{server("main", "a"): 5}, []int64{5}},
		"another name":      {[]*config.Pool{pool("new", "a")}, due{server("main", "a"): 5}, []int64{5}},
		"an hour ago":       {[]*config.Pool{pool("main", "a")}, due{server("main", "a"): 4}, []int64{4}},
		"long ago":          {[]*config.Pool{pool("main", "a")}, due{server("main", "a"): 3}, []int64{0}},
		"it is gone":        {[]*config.Pool{pool("new", "b")}, due{server("main", "a"): 5}, []int64{0}},
		"Redis":             {[]*config.Pool{redis}, due{server("main", "a"): 5}, []int64{0}},
		"a group":           {[]*config.Pool{group}, due{server("main", "a"): 5}, []int64{5}},
		"no group any more": {[]*config.Pool{pool("main", "a")}, due{server("main/a", "a"): 5}, []int64{5}},
		"a server is shared": {
			[]*config.Pool{pool("main", "a"), pool("other", "a")},
			due{server("main", "a"): 5},
			[]int64{5, 0},
		},
		"the last one counts": {
			[]*config.Pool{pool("both", "a", "b")},
			due{server("one", "a"): 5, server("two", "b"): 7},
			[]int64{7},
		},
	} {
		got := make([]int64, len(c.pools))
		all := RecallFlushes(time.Unix(3604, 0), c.pools, c.known, func(n int, due int64) { got[n] = due })
		want := map[journal.Server]int64{}
		for s := range c.known {
			want[s] = 0
		}
		for n, p := range c.pools {
			FlushesDue(p, c.want[n], want)
		}
		if !slices.Equal(got, c.want) || !maps.Equal(all, want) {
			t.Errorf("%s: %v, want %v; the journal gets %v, want %v", name, got, c.want, all, want)
		}
	}
}

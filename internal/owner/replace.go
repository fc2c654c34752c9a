package owner

import (
	"magent/internal/pool"
	"magent/internal/session"
)

// replace puts another pool in the place of pool i, on all loops. with makes its parts. begin is called with each of
// them, and then, unless it is nil, after all of them. The loops stand still meanwhile.
func (f *Owner) replace(i int, with func([]*pool.Loop) []*pool.Pool, begin func(*pool.Pool), then func()) {
	release := f.o.StopTheWorld()
	var loops []*pool.Loop
	var before []*pool.Pool
	for _, sh := range f.o.Group.Shards {
		loops, before = append(loops, &sh.Loop), append(before, sh.Pools[i])
		if !sh.Pools[i].Engine.Retired {
			sh.Pools[i].Leave()
		}
	}
	end := func() {}
	if !before[0].Relay {
		end = f.o.Process.Registry.RemovePool(i).Close
	}
	peers := with(loops)
	for n, sh := range f.o.Group.Shards {
		begin(peers[n])
		sh.Replace(before[n], peers[n])
	}
	if then != nil {
		then()
	}
	release()
	f.o.OnAll(func(*session.Shard) {}) // what was closed is closed now, as in Reload
	end()
}

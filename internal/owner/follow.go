package owner

import (
	"magent/internal/config"
	"magent/internal/session"
)

// Follow has this process have the pools of a change that was decided, at one moment: the pools that have gone leave,
// and their clients with them. then is called with the configurations of all pools after it, in the roles that the
// file of this member has; before are those that they had. The loops stand still meanwhile. It reports whether it was
// done: transit may be busy. Then it is tried again.
func (f *Owner) Follow(t *Turn, before []*config.Pool, then func(after []*config.Pool)) bool {
	done := f.inTransit(func() {
		release := f.o.StopTheWorld()
		var ends []func()
		for _, i := range t.left {
			ends = append(ends, f.dismiss(i))
		}
		for _, s := range t.Pools {
			f.show(s.Index)
		}
		then(f.configs(t, before))
		release()
		f.o.OnAll(func(*session.Shard) {}) // what was closed is closed now, as in replace
		for _, end := range ends {
			end()
		}
	})
	if !done {
		f.followLater()
	}
	return done
}

// show has figures of a pool be shown, if it is new. The loops stand still.
func (f *Owner) show(i int) {
	for _, sh := range f.o.Group.Shards {
		sh.Pools[i].Coming = false
	}
}

// followLater has this process take over what was decided, as soon as it can.
func (f *Owner) followLater() {
	if f.o.Reload != nil && !f.ends() && f.begin() {
		go f.followLate()
	}
}

// followLate is the goroutine that has this process take over what was decided after it had given up waiting (Follow).
// It reads its file for that once more, which has the same pools.
func (f *Owner) followLate() {
	defer f.done.Done()
	_ = f.o.Reload(f.ctx) // which logs what has become of it
}

// dismiss ends a pool for which nobody decides any more. Its clients are told, and sent away. The loops stand still.
func (f *Owner) dismiss(i int) (end func()) {
	f.endRelay(i)
	end = func() {}
	for n, sh := range f.o.Group.Shards {
		p := sh.Pools[i]
		if p.Held = false; !p.Engine.Retired { // what clients have asked for is answered
			p.Leave()
		}
		if n == 0 && !p.Relay {
			end = f.o.Process.Registry.RemovePool(i).Close
		}
		sh.Replace(session.Change{Before: p})
		sh.Pools[i] = nil
	}
	f.setPool(i, nowhere)
	f.mu.Lock()
	f.wants[i], f.haves[i] = want{}, stance{}
	f.mu.Unlock()
	return end
}

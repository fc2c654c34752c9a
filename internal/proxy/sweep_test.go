package proxy

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// heap is the memory in use after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What a peak of many clients needed is bounded when they have left, and then given back.
func TestMemoryComesBack(t *testing.T) {
	const clients, size, gets = 90, 12_000, testWindow // all together twice what may be kept
	for _, threads := range []int{1, 2} {
		t.Run(fmt.Sprintf("%d loops", threads), func(t *testing.T) {
			r := start(t, 2, 0, func(c *config.Config) { c.Threads = threads })
			for id := range threads {
				r.on(id, func(sh *session.Shard) {
					sh.DemandOf(0).Size = 1 // so that all is asked for at once
					session.Unswept(sh)     // so that what is kept is there when it is looked at
				})
			}
			keys := [2]string{}
			for i := 0; keys[0] == "" || keys[1] == ""; i++ {
				key := fmt.Sprintf("k%d", i)
				server, _ := r.place(key)
				keys[server] = key
			}
			value := func(text string) string { return largeHit(strings.Fields(text)[1], size) }
			r.servers[1].answers(value)
			before := heap()
			r.peak(clients, gets, keys, func() {
				for range clients {
					a := testkit.Await(t, "a request", r.servers[0].asked)
					defer a.answer(value(a.text))
				}
				for id := range threads {
					r.eventually(id, "the replies wait for the first", func(sh *session.Shard) bool {
						for _, s := range session.Sessions(sh) {
							if session.StateOf(s).Held < (gets-1)*size {
								return false
							}
						}
						return true
					})
				}
			}, value("get "+keys[0]), value("get "+keys[1]))
			kept := 0
			for id := range threads {
				r.eventually(id, "everybody has left", func(sh *session.Shard) bool {
					return len(session.Sessions(sh)) == 0
				})
				r.on(id, func(sh *session.Shard) {
					if sh.Spare.Kept() > 16<<20 {
						t.Errorf("loop %d keeps %d bytes", id, sh.Spare.Kept())
					}
					kept += sh.Spare.Kept()
					sh.Sweep()
					sh.Sweep()
					if sh.Spare.Kept() > 0 {
						t.Errorf("loop %d still keeps %d bytes", id, sh.Spare.Kept())
					}
				})
			}
			if kept == 0 {
				t.Error("nothing was kept: the test shows nothing")
			}
			if grown := heap() - before; grown > 4<<20 {
				t.Errorf("the heap has grown by %d bytes", grown)
			}
		})
	}
}

// peak has so many clients ask for keys, held back by the first, until answer has returned; they hear first and then
// rest, and leave.
func (r *rig) peak(clients, gets int, keys [2]string, answer func(), first, rest string) {
	r.t.Helper()
	var all []*client
	for range clients {
		c := r.client()
		c.say("get " + keys[0] + "\r\n" + strings.Repeat("get "+keys[1]+"\r\n", gets-1))
		all = append(all, c)
	}
	answer()
	for _, c := range all {
		c.hear(first)
		if problem := c.hearAll(rest, gets-1); problem != "" {
			r.t.Error(problem)
		}
		c.c.Close()
	}
}

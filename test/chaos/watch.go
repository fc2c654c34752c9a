package chaos

import (
	"fmt"
	"time"

	"magent/test/harness"
)

const (
	watchPause = 10 * time.Millisecond
	// watchLimit is how long a memcached may take that is well: half of a reply deadline.
	watchLimit = 100 * time.Millisecond
)

// watch asks a host's memcached over and over whether it answers in time. If it does not, and was not struck, the
// machine is too busy: a second server has failed for the fleet, and keys may be lost. So it is when a pause takes too
// long, for a magent may have stood still just as well.
func (w *world) watch(h *host) {
	for !w.ended.Load() {
		conn, err := h.f.client.Dial(h.cache(), connectTime)
		if err == nil {
			c := harness.NewClient(conn)
			c.Limit = connectTime
			for err == nil && !w.ended.Load() {
				err = w.look(h, c)
			}
			c.Close()
		}
		time.Sleep(watchPause)
	}
}

// look asks once.
func (w *world) look(h *host, c *harness.Client) error {
	began, struck := time.Now(), w.isStruck(h.i)
	time.Sleep(watchPause)
	asked := time.Now()
	_, err := c.Try("version\r\n")
	took, paused := time.Since(asked), asked.Sub(began)-watchPause
	if took > watchLimit && !struck && !w.isStruck(h.i) {
		w.spoil(fmt.Sprintf("the memcached of %s was too slow", h.Name), w.round.Load()-1, w.round.Load())
	}
	if paused > watchLimit {
		w.spoil("the test stood still", w.round.Load()-1, w.round.Load())
	}
	return err
}

// hitMemcached are the faults that strike the memcached of a host, as far as clients can see.
var hitMemcached = []string{"isolate", "unplug", "hostdown", "cachekill", "cachefreeze"}

// isStruck reports whether the memcached of a host was struck last.
func (w *world) isStruck(i int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return i == w.target
}

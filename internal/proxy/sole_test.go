package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// Where nothing else has the keys of a memcached, it is back when it answers: requests do not wait for a probe.
func TestSoleServerIsBack(t *testing.T) {
	r := start(t, 2, 0, func(cfg *config.Config) { cfg.Pools[0].ProbeInterval = time.Hour })
	c := r.client()
	key := ""
	for i := 0; key == ""; i++ {
		if p, _ := r.place(fmt.Sprint("k", i)); p == 1 {
			key = fmt.Sprint("k", i)
		}
	}
	r.servers[0].answers(forgetful)
	away := r.servers[1]
	away.leave()
	r.eventually(0, "ejected", func(sh *session.Shard) bool { return !sh.Pools[0].Health.Usable(1) })
	for _, request := range []string{"get ", "gets ", "mg ", "delete ", "get nobody "} {
		c.say(request + key + "\r\n")
		if line := c.line(); request == "get nobody " && line == "END\r\n" {
			continue // the other server has that key, and a multi-get returns what there is
		} else if !strings.HasPrefix(line, "SERVER_ERROR ") {
			t.Errorf("%s: %q", request, line)
		}
	}
	newFakeAt(t, 1, away.addr.String()).answers(forgetful)
	testkit.Eventually(t, "an answer", func() error {
		c.say("get " + key + "\r\n")
		if line := c.line(); line != "END\r\n" {
			return fmt.Errorf("%q", line)
		}
		return nil
	})
	r.eventually(0, "up", func(sh *session.Shard) bool { return sh.Pools[0].Health.Readable(1) })
}

// A pool with backups waits for the probe, as before: the other copy answers meanwhile.
func TestServerWithCopiesWaitsForTheProbe(t *testing.T) {
	r := start(t, 1, 1, func(cfg *config.Config) { cfg.Pools[0].ProbeInterval = time.Hour })
	c := r.client()
	away := r.servers[0]
	away.leave()
	r.eventually(0, "ejected", func(sh *session.Shard) bool { return !sh.Pools[0].Health.Usable(0) })
	newFakeAt(t, 0, away.addr.String()).answers(forgetful)
	r.servers[1].answers(forgetful)
	for range 100 {
		c.say("get k\r\n")
		c.hear(miss)
	}
	r.eventually(0, "still ejected", func(sh *session.Shard) bool {
		return !sh.Pools[0].Health.Usable(0) && !sh.Pools[0].Conns[0].Connecting()
	})
}
